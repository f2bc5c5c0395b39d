import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { progress } from './progress.mjs';

// npm says first what is wrong, and then how it is used.
const TELLING_LINES = 12;

/**
 * @typedef {object} Entry a package in a lockfile
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string | string[]} [libc]
 */

/**
 * Whether `folder/node_modules` is not what `folder/package-lock.json` says. npm writes its hidden
 * lockfile last, so an install that was cut short counts as stale.
 * @param {string} folder
 */
export function isStale(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const present = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (!wanted)
    throw new Error(`${join(folder, 'package-lock.json')} is missing: restore it with git`);
  if (!present) return true;
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === '' || entry.link) return false;
    const installed = present[path];
    if (installed)
      return installed.version !== entry.version || installed.integrity !== entry.integrity;
    return !(entry.optional && isForAnotherMachine(entry));
  });
}

/**
 * `npm ci` in `folder`, run by `node`: npm leaves optional packages out, without a word, where the
 * Node that runs it is older than they ask for.
 * @param {{ title: string, folder: string, node: string, npm: string }} install
 */
export async function install({ title, folder, node, npm }) {
  await progress(title, async () => {
    const { code, output } = await run(
      node,
      [
        npm,
        'ci',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ],
      folder,
    );
    if (code !== 0) {
      const telling = output.trim().split('\n').slice(0, TELLING_LINES).join('\n');
      throw new Error(
        `npm ci failed in ${folder} (exit code ${code}); is the package registry reachable?\n${telling}`,
      );
    }
  });
}

/**
 * @param {string} node
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run(node, args, cwd) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` };
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    // npm takes its time over a polite request; what is half-installed counts as stale anyway.
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      resolve({ code, output });
    });
  });
}

/**
 * @param {string} file
 * @returns {Record<string, Entry> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    throw error;
  }
}

/** @param {unknown} error */
function isMissing(error) {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * npm's rule for `os` and `cpu`: a list, where "!name" forbids. libc is left to npm.
 * @param {Entry} entry
 */
function isForAnotherMachine(entry) {
  /**
   * @param {string | string[] | undefined} list
   * @param {string} value
   */
  const excludes = (list, value) => {
    if (list === undefined) return false;
    const names = [list].flat();
    if (names.includes(`!${value}`)) return true;
    const allowed = names.filter((name) => !name.startsWith('!'));
    return allowed.length > 0 && !allowed.includes(value) && !allowed.includes('any');
  };
  return (
    entry.libc !== undefined ||
    excludes(entry.os, process.platform) ||
    excludes(entry.cpu, process.arch)
  );
}
