/** `npm test [-- mocha's arguments]`: starts a sandbox of its own, runs mocha, ends it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './launch/paths.ts';
import { aborted, Shutdown, shutdownSignal } from './launch/shutdown.ts';
import { type Stack, startStack } from './launch/stack.ts';

/** Beside a running `npm start`, not in its place. */
const PORT_OFFSET = 20_000;

const signal = shutdownSignal();
const args = process.argv.slice(2);
let stack: Stack | undefined;
let exitCode = 1;
try {
  stack = await startStack({
    name: 'test',
    portOffset: PORT_OFFSET,
    ticks: false,
    signal,
    say: () => undefined,
  });
  exitCode = await mocha(stack);
} catch (error) {
  if (error instanceof Shutdown) exitCode = error.exitCode;
  else console.error(error instanceof Error ? error.message : error);
}
await stack?.stop();
process.exit(exitCode);

async function mocha({ run, file, folder, failed }: Stack): Promise<number> {
  const child = run.start({
    file: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/mocha/bin/mocha.js'),
      ...['--config', configFor(folder)],
      ...(process.env['CI'] ? ['--forbid-only'] : []),
      ...args,
    ],
    cwd: root,
    env: { ...process.env, STRONGROOM_SANDBOX_FILE: file },
  });
  const outcome = await Promise.race([
    child.exited,
    failed,
    // Ctrl-C has reached mocha as well, which then says how far it came.
    aborted(signal).catch(() => child.exited),
  ]);
  if (outcome instanceof Error) throw outcome;
  signal.throwIfAborted();
  return outcome.code ?? 1;
}

/** mocha adds named files to the configured ones; who names files wants those alone. */
function configFor(folder: string): string {
  const file = join(root, '.mocharc.json');
  if (!args.some((arg) => /\.ts$/.test(arg) && (arg.includes('*') || existsSync(arg)))) return file;
  const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const narrowed = join(folder, 'mocharc.json');
  writeFileSync(narrowed, JSON.stringify({ ...Object(config), spec: [] }));
  return narrowed;
}
