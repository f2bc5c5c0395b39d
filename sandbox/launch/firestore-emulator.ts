import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launcherJar } from './jar.ts';
import { root, scratch } from './paths.ts';
import type { Variables } from './processes.ts';

export interface EmulatorHost {
  readonly env: Variables;
  readonly home: string;
  /** Where a wrapper jar may be written. */
  readonly scratch: string;
  /** Google Cloud CLI roots to try beside the one on PATH. */
  readonly cloudCliRoots: readonly string[];
  /** The name of the jar that firebase-tools keeps in its cache. */
  readonly cachedJar: string;
}

export type EmulatorSource =
  | { readonly kind: 'named' | 'cloud-cli'; readonly jar: string }
  | { readonly kind: 'cache' | 'download' };

const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
const COMPONENT = join('platform', 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar');

export const thisHost = (): EmulatorHost => ({
  env: process.env,
  home: homedir(),
  scratch,
  cloudCliRoots: [
    '/usr/lib/google-cloud-sdk',
    '/usr/share/google-cloud-sdk',
    '/usr/local/share/google-cloud-sdk',
    '/opt/homebrew/share/google-cloud-sdk',
    '/snap/google-cloud-cli/current',
    join(homedir(), 'google-cloud-sdk'),
    'C:\\Program Files (x86)\\Google\\Cloud SDK\\google-cloud-sdk',
  ],
  cachedJar: jarOfFirebaseTools(),
});

/**
 * Where the Firestore emulator comes from: the jar named by FIRESTORE_EMULATOR_BINARY_PATH, what
 * firebase-tools has cached, the component of an installed Google Cloud CLI; else firebase-tools
 * downloads it.
 *
 * @throws Error if the named jar does not exist
 */
export function findFirestoreEmulator(host: EmulatorHost = thisHost()): EmulatorSource {
  const named = host.env['FIRESTORE_EMULATOR_BINARY_PATH'];
  if (named) {
    if (existsSync(named)) return { kind: 'named', jar: named };
    throw new Error(
      `FIRESTORE_EMULATOR_BINARY_PATH names ${named}, which does not exist: correct it, or ` +
        '`unset FIRESTORE_EMULATOR_BINARY_PATH` to have the emulator found or downloaded.',
    );
  }
  const cache =
    host.env['FIREBASE_EMULATORS_PATH'] || join(host.home, '.cache', 'firebase', 'emulators');
  if (existsSync(join(cache, host.cachedJar))) return { kind: 'cache' };
  const component = componentJar(host);
  if (component !== undefined) return { kind: 'cloud-cli', jar: wrap(component, host.scratch) };
  return { kind: 'download' };
}

/** firebase-tools runs `java -jar`, and this jar names no main class. */
function wrap(jar: string, folder: string): string {
  const wrapper = join(folder, 'firestore-emulator.jar');
  const content = launcherJar(MAIN_CLASS, pathToFileURL(jar).href);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(wrapper) || !readFileSync(wrapper).equals(content))
    writeFileSync(wrapper, content);
  return wrapper;
}

function componentJar({ env, cloudCliRoots }: EmulatorHost): string | undefined {
  const gcloud = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'gcloud'))
    .find((file) => existsSync(file));
  const roots = gcloud === undefined ? [] : [dirname(dirname(realpathSync(gcloud)))];
  const jars = [...roots, ...cloudCliRoots].map((folder) => join(folder, COMPONENT));
  const found = jars.find((jar) => existsSync(jar));
  if (found !== undefined || gcloud === undefined) return found;
  // A shim on PATH tells nothing about where the CLI stands; the CLI itself does, in a second.
  const asked = join(askRoot(gcloud, env), COMPONENT);
  return existsSync(asked) ? asked : undefined;
}

function askRoot(gcloud: string, env: Variables): string {
  try {
    return execFileSync(gcloud, ['info', '--format=value(installation.sdk_root)'], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 15_000,
    }).trim();
  } catch {
    return '';
  }
}

function jarOfFirebaseTools(): string {
  const file = join(root, 'node_modules/firebase-tools/lib/emulator/downloadableEmulatorInfo.json');
  const name = /"(cloud-firestore-emulator-v[^"]+\.jar)"/.exec(readFileSync(file, 'utf8'))?.[1];
  if (name === undefined) throw new Error(`${file} names no Firestore emulator: run \`npm ci\`.`);
  return name;
}
