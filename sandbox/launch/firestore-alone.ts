import { mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { answers } from './answers.ts';
import { findFirestoreEmulator, thisHost } from './firestore-emulator.ts';
import { findJavaHome } from './java.ts';
import { scratch } from './paths.ts';
import { choosePorts } from './ports.ts';
import { createRun } from './processes.ts';

/** A Firestore emulator without the rest of the suite. */
export interface FirestoreAlone {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/**
 * Starts it, within a few seconds.
 *
 * @throws Error where it is not on this machine, or does not start.
 */
export async function startFirestoreAlone(): Promise<FirestoreAlone> {
  const { ports } = await choosePorts({ firestore: 8080 }, 30_000);
  const folder = join(scratch, 'firestore-alone');
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${process.pid}.log`);
  const run = createRun();
  const child = run.start({
    file: join(findJavaHome(), 'bin', 'java'),
    args: ['-jar', jar(), '--host', HOST, '--port', String(ports.firestore)],
    cwd: folder,
    env: process.env,
    logFile,
  });
  let hasEnded = false;
  void child.exited.then(() => {
    hasEnded = true;
  });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await answers({ host: HOST, port: ports.firestore }))) {
    if (hasEnded || performance.now() > deadline) {
      await run.stop();
      throw new Error(`The Firestore emulator did not start; its log is ${logFile}.`);
    }
    await delay(POLL_INTERVAL_MS);
  }
  return {
    host: `${HOST}:${ports.firestore}`,
    async stop() {
      await run.stop();
      rmSync(logFile, { force: true });
    },
  };
}

function jar(): string {
  const source = findFirestoreEmulator();
  if ('jar' in source) return source.jar;
  const cache =
    process.env['FIREBASE_EMULATORS_PATH'] || join(homedir(), '.cache', 'firebase', 'emulators');
  if (source.kind === 'cache') return join(cache, thisHost().cachedJar);
  throw new Error('There is no Firestore emulator on this machine yet: `npm start` fetches it.');
}
