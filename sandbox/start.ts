/** `npm start`: the whole sandbox, the main job before your eyes, then it stays up. */
import { parseArgs } from 'node:util';
import { sandboxPath } from './launch/sandbox-file.ts';
import { aborted, Shutdown, shutdownSignal } from './launch/shutdown.ts';
import { type Stack, startStack } from './launch/stack.ts';

const signal = shutdownSignal();
const { values } = parseArgs({
  options: { once: { type: 'boolean' }, 'no-clock': { type: 'boolean' } },
});

let stack: Stack | undefined;
let exitCode = 0;
try {
  stack = await startStack({
    name: 'start',
    file: sandboxPath(),
    portOffset: 0,
    ticks: values['no-clock'] !== true,
    signal,
    say: (line) => console.error(line),
  });
  const failed = stack.failed.then((reason) => Promise.reject(reason));
  await Promise.race([demo(stack), failed, aborted(signal)]);
  if (values.once !== true) {
    console.log(`\nThe connect page: ${stack.sandbox.urls.connectPage}`);
    console.log('Every URL and port: .sandbox.json. Ctrl-C ends it all.');
    await Promise.race([failed, aborted(signal)]);
  }
} catch (error) {
  // Ctrl-C is how this command is meant to end.
  if (error instanceof Shutdown) exitCode = values.once === true ? error.exitCode : 0;
  else {
    console.error(error instanceof Error ? error.message : error);
    exitCode = 1;
  }
}
await stack?.stop();
process.exit(exitCode);

/** Loaded late: the SDK takes a moment that is better spent while nothing waits for it. */
async function demo(running: Stack): Promise<void> {
  const { runDemo } = await import('./demo/demo.ts');
  await runDemo(running, signal);
}
