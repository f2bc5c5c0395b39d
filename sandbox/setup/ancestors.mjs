import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const INTERVAL_MS = 500;

/**
 * Calls `onLost` once when npm, or a process between npm and this one, has died: a killed npm
 * tells nobody. Where no npm is among the ancestors there is nothing to watch.
 * @param {() => void} onLost
 */
export function watchAncestors(onLost) {
  if (process.platform === 'win32' || process.env['npm_lifecycle_event'] === undefined) return;
  const line = lineUpToNpm();
  if (line.length < 2) return;
  const timer = setInterval(() => {
    if (line.every((pid, i) => i === line.length - 1 || parentOf(pid) === line[i + 1])) return;
    clearInterval(timer);
    onLost();
  }, INTERVAL_MS);
  timer.unref();
}

/** This process, its parent, … up to npm; empty if npm is not among them. */
function lineUpToNpm() {
  const line = [process.pid];
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    line.push(pid);
    if (
      /(^|[\s/])npm(-cli\.js)?(\s|$)/.test(commandOf(pid)) &&
      !/^\S*sh\s+-c\b/.test(commandOf(pid))
    )
      return line;
  }
  return [];
}

/**
 * A killed process that nobody has reaped still has an id, but its children have a new parent.
 * @param {number} pid
 */
function parentOf(pid) {
  if (pid === process.pid) return process.ppid;
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      return 0;
    }
  }
  return Number(ps(pid, 'ppid='));
}

/** @param {number} pid */
function commandOf(pid) {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    } catch {
      return '';
    }
  }
  return ps(pid, 'command=');
}

/**
 * @param {number} pid
 * @param {string} column
 */
function ps(pid, column) {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
