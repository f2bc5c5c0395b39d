import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const BINARY = process.platform === 'win32' ? 'node.exe' : 'node';
const PREFERRED_MAJOR = 24;

/**
 * Type stripping without a flag: 22.18 and later, 23.6 and later.
 * @param {string} version
 */
export function isAdequate(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major >= 24;
}

/**
 * The best Node on this machine: 24 if there is one, else the newest that is adequate.
 * @param {{ running: { path: string, version: string }, path: string }} host
 * @returns {string | undefined} the executable
 */
export function hostNode(host) {
  const found = new Map([[realpathSync(host.running.path), host.running.version]]);
  for (const folder of host.path.split(delimiter)) {
    const file = join(folder, BINARY);
    if (!folder || !existsSync(file)) continue;
    const real = realpathSync(file);
    if (!found.has(real)) found.set(real, versionOf(real));
  }
  /** @param {string} version */
  const rank = (version) => {
    const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
    return (major === PREFERRED_MAJOR ? 1_000_000 : 0) + major * 1000 + minor;
  };
  const [best] = [...found]
    .filter(([, version]) => isAdequate(version))
    .sort(([, a], [, b]) => rank(b) - rank(a));
  return best?.[0];
}

/**
 * The Node that `npm ci` put into `folder`, or undefined.
 * @param {string} folder
 */
export function packagedNode(folder) {
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return undefined;
  return readdirSync(modules)
    .map((name) => join(modules, name, 'bin', BINARY))
    .find((file) => existsSync(file) && isAdequate(versionOf(file)));
}

/**
 * npm's own program, to be run by a Node of our choice.
 * @param {NodeJS.ProcessEnv} env
 */
export function npmProgram(env, node = process.execPath) {
  const candidates = [
    env['npm_execpath'],
    join(dirname(node), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(node), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...(env['PATH'] ?? '').split(delimiter).map((folder) => {
      const file = join(folder, 'npm');
      return folder && existsSync(file) ? realpathSync(file) : undefined;
    }),
  ];
  // Yarn and pnpm set npm_execpath to themselves; only npm can do `npm ci`.
  return candidates.find((file) => file && /npm-cli\.[cm]?js$/.test(file) && existsSync(file));
}

/** @param {string} file */
function versionOf(file) {
  try {
    return execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim();
  } catch {
    return 'v0';
  }
}
