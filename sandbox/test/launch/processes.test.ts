import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markedPids, waitUntil } from '../../launch/sweep.ts';
import { temporaryFolder } from './temporary.ts';

const TIMEOUT_MS = 30_000;
/** The process the run has started, and the one that this has started in its own session. */
const PROCESSES = 2;

describe('the processes of a run', function () {
  this.timeout(TIMEOUT_MS);
  const folder = temporaryFolder();

  before(function () {
    // Windows shows no environment; there the process tree is all there is.
    if (process.platform === 'win32') this.skip();
  });

  const ways: readonly {
    readonly title: string;
    readonly how?: string;
    readonly end: (launcher: ChildProcess) => unknown;
  }[] = [
    { title: 'a polite request', end: (launcher) => launcher.kill('SIGTERM') },
    { title: 'Ctrl-C', end: (launcher) => launcher.kill('SIGINT') },
    { title: 'the end of the terminal', end: (launcher) => launcher.kill('SIGHUP') },
    { title: 'kill -9', end: (launcher) => launcher.kill('SIGKILL') },
    { title: 'a crash', how: 'crash', end: (launcher) => launcher.kill('SIGUSR2') },
    { title: 'the loss of the process that started it', end: (launcher) => launcher.disconnect() },
  ];
  for (const { title, how = '', end } of ways)
    it(`are all gone, and its files with them, after ${title}`, async () => {
      const leaving = join(folder, `${title}.json`);
      const tree = fileURLToPath(new URL('./tree.ts', import.meta.url));
      const launcher = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', tree, how, leaving],
        { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] },
      );
      const exited = once(launcher, 'exit');
      assert.ok(launcher.stdout);
      const marker = String((await once(launcher.stdout, 'data'))[0]).trim();
      assert.ok(await waitUntil(() => markedPids(marker).length === PROCESSES, TIMEOUT_MS));
      assert.ok(existsSync(leaving));

      end(launcher);
      await exited;
      assert.ok(
        await waitUntil(() => markedPids(marker).length === 0 && !existsSync(leaving), TIMEOUT_MS),
        `left: ${markedPids(marker).join(', ')}`,
      );
    });
});
