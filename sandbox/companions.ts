/**
 * `npm run companions`: what `firebase emulators:start --import emulator-data` does not have, at
 * the default ports where the functions look for it.
 */

import { holderOf, isFree } from './launch/ports.ts';
import { REGION } from './launch/sandbox-file.ts';
import { aborted, Shutdown, shutdownSignal } from './launch/shutdown.ts';
import { defaultPorts, PROJECT_ID } from './launch/stack.ts';
import { startStandIns } from './launch/stand-ins.ts';

const needed = ['secretManager', 'provider', 'clock', 'meter'] as const;
const signal = shutdownSignal();
try {
  for (const name of needed) {
    const port = defaultPorts[name];
    if (!(await isFree(port)))
      throw new Error(
        `Port ${port} (${name}) is held by ${holderOf(port) ?? 'another process'}: stop it, ` +
          'the functions look nowhere else when the emulators run by themselves.',
      );
  }
  const standIns = await startStandIns({
    projectId: PROJECT_ID,
    region: REGION,
    ports: defaultPorts,
  });
  standIns.clock.resume();
  console.log(`Secret Manager: http://127.0.0.1:${defaultPorts.secretManager}`);
  console.log(`Sandbox provider: http://127.0.0.1:${defaultPorts.provider}`);
  console.log(`Clock: http://127.0.0.1:${defaultPorts.clock}`);
  console.log('Beside it run `npx firebase emulators:start --import emulator-data`. Ctrl-C ends.');
  await aborted(signal).finally(() => standIns.stop());
} catch (error) {
  if (error instanceof Shutdown) process.exit(0);
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
