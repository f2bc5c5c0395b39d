import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../launch/paths.ts';
import { listenerOf } from '../../launch/port-holder.ts';
import { readSandboxFile } from '../../launch/sandbox-file.ts';
import { waitUntil } from '../../launch/sweep.ts';
import { temporaryFolder } from './temporary.ts';

const TEST_TIMEOUT_MS = 240_000;
const START_TIMEOUT_MS = 180_000;
const END_TIMEOUT_MS = 30_000;
/** Inherited by all that npm starts, so that every one of them can be found again. */
const TRACE = 'STRONGROOM_TEST_TRACE';

describe('npm start', function () {
  this.timeout(TEST_TIMEOUT_MS);
  const folder = temporaryFolder();

  before(function () {
    // Other systems do not show what environment a process has.
    if (process.platform !== 'linux') this.skip();
  });

  it('ends on Ctrl-C without an error or a stack trace, without a process or file left', async () => {
    const started = await npmStart();
    // A terminal sends it to the whole group.
    process.kill(-started.pid, 'SIGINT');
    const [code, by] = await started.exited;
    // npm's own shell may insist on having been interrupted.
    assert.ok(code === 0 || by === 'SIGINT', `${code}, ${by}`);
    assert.doesNotMatch(started.output(), /^\s+at .*:\d+:\d+|npm error|FAILED/m);
    await nothingIsLeft(started);
  });

  it('leaves nothing behind when npm is killed with -9', async () => {
    const started = await npmStart();
    started.npm.kill('SIGKILL');
    await nothingIsLeft(started);
  });

  it('ends, saying which part failed, when the Firestore emulator dies', async () => {
    const started = await npmStart();
    const { ports } = readSandboxFile(started.file);
    const java = /process (\d+)/.exec(listenerOf(ports.firestore) ?? '')?.[1];
    process.kill(Number(java), 'SIGKILL');
    const [code] = await started.exited;
    assert.equal(code, 1);
    assert.match(started.output(), /^The (Firestore )?emulators? ended/m);
    await nothingIsLeft(started);
  });

  interface Started {
    readonly npm: ChildProcess;
    readonly pid: number;
    readonly file: string;
    readonly trace: string;
    /** Configurations of other sandboxes, which run beside this one. */
    readonly others: readonly string[];
    readonly exited: Promise<unknown[]>;
    output(): string;
  }

  /** Returns as soon as the sandbox is up; the demo has only begun then. */
  async function npmStart(): Promise<Started> {
    const trace = randomUUID();
    const others = configurations();
    const file = join(folder, `${trace}.json`);
    const npm = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      env: { ...process.env, [TRACE]: trace, STRONGROOM_SANDBOX_FILE: file },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [npm.stdout, npm.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    const exited = once(npm, 'exit');
    const up = await waitUntil(() => existsSync(file) || npm.exitCode !== null, START_TIMEOUT_MS);
    assert.ok(up && npm.exitCode === null && npm.pid !== undefined, output);
    return { npm, pid: npm.pid, file, trace, others, exited, output: () => output };
  }

  async function nothingIsLeft({ trace, file, others }: Started): Promise<void> {
    await waitUntil(() => traced(trace).length === 0, END_TIMEOUT_MS);
    assert.deepEqual(traced(trace), []);
    assert.equal(existsSync(file), false);
    const own = configurations().filter((name) => !others.includes(name));
    assert.deepEqual(own, []);
  }

  /** What sandboxes of this folder have written for firebase-tools. */
  function configurations(): string[] {
    return readdirSync(root).filter((name) => name.startsWith('firebase.sandbox-'));
  }

  /** The processes that carry the trace, by command line. */
  function traced(trace: string): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        if (!environment.includes(`${TRACE}=${trace}`)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        return [];
      }
    });
  }
});
