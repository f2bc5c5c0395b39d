import { readFileSync, writeFileSync } from 'node:fs';

import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { answers } from './answers.ts';
import { tellingLines } from './emulator-log.ts';
import { withoutAccounts } from './environment.ts';
import { findFirestoreEmulator } from './firestore-emulator.ts';
import { findJavaHome } from './java.ts';
import { root, scratch } from './paths.ts';
import type { Run, Variables } from './processes.ts';
import type { PortName } from './sandbox-file.ts';

export interface EmulatorOptions {
  readonly run: Run;
  readonly projectId: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** For logs and the generated configuration. */
  readonly folder: string;
  /** What the functions get beside what the emulator gives them. */
  readonly env: Variables;
  readonly signal: AbortSignal;
}

export interface Emulators {
  /** Settles only if an emulator ends by itself, with the reason. */
  readonly failed: Promise<Error>;
}

const ONLY = ['auth', 'functions', 'firestore', 'tasks', 'hosting'] as const;
/** Started by firebase-tools of its own accord; they need ports as well. */
const IMPLIED = ['eventarc', 'hub', 'logging'] as const;
const HOST = '127.0.0.1';
const POLL_INTERVAL_MS = 200;
const HEALTH_INTERVAL_MS = 1000;
const START_TIMEOUT_MS = 180_000;
/** A first download of the Firestore emulator is some 130 MB. */
const DOWNLOAD_TIMEOUT_MS = 900_000;

/**
 * Starts the Firebase Emulator Suite and waits until every emulator answers and the functions are
 * loaded.
 *
 * @throws Error with the telling lines of the log if that does not happen
 */
export async function startEmulators(options: EmulatorOptions): Promise<Emulators> {
  const { run, ports, folder, projectId, signal } = options;
  const source = findFirestoreEmulator();
  const java = findJavaHome();
  const logFile = join(folder, 'emulators.log');
  const child = run.start({
    file: process.execPath,
    args: [
      join(root, 'node_modules/firebase-tools/lib/bin/firebase.js'),
      'emulators:start',
      ...['--only', ONLY.join(',')],
      ...['--project', projectId],
      ...['--config', writeConfig(options)],
      ...['--import', join(root, 'emulator-data')],
    ],
    cwd: folder,
    env: {
      ...withoutAccounts(process.env),
      ...options.env,
      JAVA_HOME: java,
      PATH: `${join(java, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      ...('jar' in source ? { FIRESTORE_EMULATOR_BINARY_PATH: source.jar } : {}),
      NODE_OPTIONS: [process.env['NODE_OPTIONS'], ...preloads].join(' ').trim(),
      NODE_COMPILE_CACHE: join(scratch, 'compiled'),
      STRONGROOM_INSTANCES: join(folder, 'instances'),
      // Seconds a function may take to load; on a busy machine the emulator's 30 are too few.
      FUNCTIONS_DISCOVERY_TIMEOUT: '120',
      // Settings, sign-in and usage reports of the user's own firebase-tools stay out of this.
      XDG_CONFIG_HOME: join(folder, 'config'),
      NO_UPDATE_NOTIFIER: '1',
      CI: '1',
    },
    logFile,
  });

  let ended: Error | undefined;
  const failed = child.exited.then(({ code, signal: by }) => {
    ended = new Error(
      `The emulators ended (${by ?? `exit code ${code}`}). ${tellingLines(logFile)}`,
    );
    return ended;
  });
  const timeoutMs = source.kind === 'download' ? DOWNLOAD_TIMEOUT_MS : START_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady(ports.hub, logFile))) {
    signal.throwIfAborted();
    if (ended !== undefined) throw ended;
    if (performance.now() > deadline)
      throw new Error(
        `The emulators did not start in ${timeoutMs / 1000} s. ${tellingLines(logFile)}`,
      );
    await delay(POLL_INTERVAL_MS);
  }
  const log = readFileSync(logFile, 'utf8');
  if (!log.includes('Loaded functions definitions'))
    throw new Error(`The functions could not be loaded. ${tellingLines(logFile)}`);
  return { failed: Promise.race([failed, firestoreGone(ports.firestore, logFile, signal)]) };
}

/** Loaded into every process of the functions emulator. */
const preloads = ['through-the-meter.mjs', 'share-instance.ts'].map(
  (file) => `--import ${pathToFileURL(join(import.meta.dirname, file)).href}`,
);

/** The project's own firebase.json with other ports; it must stand beside it, for its paths. */
function writeConfig({ run, ports }: EmulatorOptions): string {
  const config: unknown = JSON.parse(readFileSync(join(root, 'firebase.json'), 'utf8'));
  if (typeof config !== 'object' || config === null)
    throw new Error(
      'firebase.json is not an object: restore it with `git checkout firebase.json`.',
    );
  const emulators = Object.fromEntries(
    [...ONLY, ...IMPLIED].map((name) => [name, { host: HOST, port: ports[name] }]),
  );
  const file = join(root, `firebase.sandbox-${process.pid}.json`);
  run.removeAtEnd(file);
  writeFileSync(
    file,
    JSON.stringify({
      ...config,
      emulators: {
        ...emulators,
        firestore: { host: HOST, port: ports.firestore, websocketPort: ports.firestoreWebsocket },
        singleProjectMode: true,
        ui: { enabled: false },
      },
    }),
  );
  return file;
}

async function isReady(hubPort: number, logFile: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${HOST}:${hubPort}/emulators`);
    const running: unknown = await response.json();
    return (
      typeof running === 'object' &&
      running !== null &&
      ONLY.every((name) => name in running) &&
      readFileSync(logFile, 'utf8').includes('All emulators ready')
    );
  } catch {
    return false;
  }
}

/** firebase-tools carries on without a Java process that was killed; the sandbox must not. */
async function firestoreGone(port: number, logFile: string, signal: AbortSignal): Promise<Error> {
  while (await answers({ host: HOST, port }))
    await delay(HEALTH_INTERVAL_MS, undefined, { ref: false });
  signal.throwIfAborted();
  return new Error(`The Firestore emulator ended. ${tellingLines(logFile)}`);
}
