import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export const MINIMUM_JAVA = 21;

export interface JavaHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Folders that hold one folder per installed JVM. */
  readonly jvmFolders: readonly string[];
}

const jvmFolders: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['/usr/lib/jvm', '/usr/lib64/jvm', '/usr/java', '/opt/java'],
  darwin: ['/Library/Java/JavaVirtualMachines', '/opt/homebrew/opt', '/usr/local/opt'],
  win32: [
    'C:\\Program Files\\Java',
    'C:\\Program Files\\Eclipse Adoptium',
    'C:\\Program Files\\Microsoft',
    'C:\\Program Files\\Zulu',
  ],
};

const remedies: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'sudo apt-get install openjdk-21-jre-headless',
  darwin: 'brew install --cask temurin@21',
  win32: 'winget install EclipseAdoptium.Temurin.21.JRE',
};

export const thisHost = (): JavaHost => ({
  env: process.env,
  platform: process.platform,
  jvmFolders: jvmFolders[process.platform] ?? [],
});

/**
 * The home of the first Java >= 21 among JAVA_HOME, PATH and the system's JVM folder.
 *
 * @throws Error saying which command installs one
 */
export function findJavaHome(host: JavaHost = thisHost()): string {
  const home = [...candidates(host)].find((folder) => majorVersion(folder, host) >= MINIMUM_JAVA);
  if (home !== undefined) return home;
  const remedy = remedies[host.platform];
  throw new Error(
    `The Firestore emulator needs Java ${MINIMUM_JAVA} or later, and none was found in JAVA_HOME, ` +
      `PATH or ${host.jvmFolders.join(', ') || "the system's JVM folder"}: ` +
      (remedy === undefined ? 'install it from https://adoptium.net' : `run \`${remedy}\``),
  );
}

function* candidates({ env, platform, jvmFolders }: JavaHost): Generator<string> {
  if (env['JAVA_HOME']) yield env['JAVA_HOME'];
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, javaName(platform));
    // On PATH there is often a link; the real file stands in <home>/bin.
    if (folder !== '' && existsSync(file)) yield dirname(dirname(realpathSync(file)));
  }
  for (const folder of jvmFolders) {
    for (const name of list(folder)) {
      yield join(folder, name);
      yield join(folder, name, 'Contents', 'Home');
    }
  }
}

function majorVersion(home: string, { platform }: JavaHost): number {
  const java = join(home, 'bin', javaName(platform));
  if (!existsSync(java)) return 0;
  return majorIn(readRelease(home)) ?? majorIn(askVersion(java)) ?? 0;
}

/** "17.0.2" is 17, "1.8.0" is 1: too old either way. */
function majorIn(text: string): number | undefined {
  const digits = /(?:JAVA_VERSION=|version )"(\d+)/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The `release` file of a JDK spares the start of a JVM. */
function readRelease(home: string): string {
  try {
    return readFileSync(join(home, 'release'), 'utf8');
  } catch {
    return '';
  }
}

function askVersion(java: string): string {
  try {
    // `-version` writes to stderr; `--version` to stdout, and since Java 9 only.
    const output = execFileSync(java, ['--version'], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.replace(/^\S+ (\d+)/, 'version "$1');
  } catch {
    return '';
  }
}

function javaName(platform: NodeJS.Platform): string {
  return platform === 'win32' ? 'java.exe' : 'java';
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
