import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { progress } from '../setup/progress.mjs';
import { startEmulators } from './emulators.ts';
import { isAlive } from './is-alive.ts';
import { scratch } from './paths.ts';
import { choosePorts, describeTaken } from './ports.ts';
import { createRun, type Run } from './processes.ts';
import { type PortName, REGION, type SandboxFile, writeSandboxFile } from './sandbox-file.ts';
import { aborted } from './shutdown.ts';
import { type StandIns, startStandIns } from './stand-ins.ts';

export interface StackOptions {
  /** Names the folder of its logs under `.sandbox/`. */
  readonly name: string;
  /** Added to every default port. */
  readonly portOffset: number;
  /** Whether the clock fires the schedules by itself. */
  readonly ticks: boolean;
  /** Where other programs find the sandbox; a file in its folder by default. */
  readonly file?: string;
  /** Ends the start-up when it aborts. */
  readonly signal: AbortSignal;
  /** Told in one line which ports were taken. */
  readonly say: (line: string) => void;
}

/** A running sandbox. */
export interface Stack {
  readonly sandbox: SandboxFile;
  readonly file: string;
  /** Its logs and other leavings. */
  readonly folder: string;
  readonly run: Run;
  readonly standIns: StandIns;
  /** Settles only if a part ends by itself, with the reason. */
  readonly failed: Promise<Error>;
  /** Ends every part and process; may be called again. */
  stop(): Promise<void>;
}

export const PROJECT_ID = 'demo-strongroom';

/** As in firebase.json, and the sandbox's own. */
export const defaultPorts: Readonly<Record<PortName, number>> = {
  hosting: 5000,
  functions: 5001,
  firestore: 8080,
  firestoreWebsocket: 9150,
  auth: 9099,
  tasks: 9499,
  eventarc: 9299,
  hub: 4400,
  logging: 4500,
  secretManager: 9010,
  provider: 9020,
  clock: 9030,
  meter: 9040,
};

/**
 * Starts everything the functions need on this machine and waits until it answers.
 *
 * @throws Error saying what did not start; nothing is left behind then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { signal } = options;
  const run = createRun();
  let standIns: StandIns | undefined;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      await run.stop();
      await standIns?.stop();
    })();
    return stopping;
  };
  try {
    const { ports, taken } = await choosePorts(defaultPorts, options.portOffset);
    for (const one of taken) options.say(describeTaken(one));
    const folder = runFolder(options.name);
    const file = options.file ?? join(folder, 'sandbox.json');
    const sandbox = describe(ports);
    standIns = await startStandIns({ projectId: PROJECT_ID, region: REGION, ports });
    const emulators = await progress('Starting the emulators', () =>
      Promise.race([
        startEmulators({
          run,
          projectId: PROJECT_ID,
          ports,
          folder,
          signal,
          env: {
            STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${ports.secretManager}`,
            STRONGROOM_FIRESTORE_METER_HOST: `127.0.0.1:${ports.meter}`,
            PARTS_ISSUER: `http://127.0.0.1:${ports.provider}`,
            PARTS_AUDIENCE: 'https://parts.example.com',
          },
        }),
        aborted(signal),
      ]),
    );
    if (options.ticks) standIns.clock.resume();
    run.removeSandboxFileAtEnd(file);
    writeSandboxFile(file, { ...sandbox, simulated: standIns.simulated });
    return { sandbox, file, folder, run, standIns, failed: emulators.failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function describe(ports: Readonly<Record<PortName, number>>): SandboxFile {
  const at = (name: PortName) => `http://127.0.0.1:${ports[name]}`;
  return {
    projectId: PROJECT_ID,
    region: REGION,
    pid: process.pid,
    urls: {
      connectPage: `${at('hosting')}/`,
      hosting: at('hosting'),
      functions: `${at('functions')}/${PROJECT_ID}/${REGION}`,
      callable: `${at('functions')}/${PROJECT_ID}/${REGION}/{name}`,
      api: `${at('hosting')}/v1`,
      auth: at('auth'),
      firestore: at('firestore'),
      meter: at('meter'),
      tasks: at('tasks'),
      hub: at('hub'),
      secretManager: at('secretManager'),
      provider: at('provider'),
      providerControl: `${at('provider')}/sandbox`,
      providerApi: `${at('provider')}/api`,
      clock: at('clock'),
    },
    ports,
  };
}

/** A fresh folder for this run; those of finished runs of the same name go. */
function runFolder(name: string): string {
  const runs = join(scratch, 'runs');
  mkdirSync(runs, { recursive: true });
  for (const entry of readdirSync(runs)) {
    const pid = Number(new RegExp(`^${name}-(\\d+)$`).exec(entry)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) rmSync(join(runs, entry), { recursive: true, force: true });
  }
  const folder = join(runs, `${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}
