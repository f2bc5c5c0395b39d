import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BEAT_INTERVAL_MS = 1000;
const STALE_AFTER_MS = 20_000;
const RETRY_INTERVAL_MS = 200;

/**
 * Runs `work` while no other process runs under the same lock file. The holder touches the file
 * every second, so that a lock left behind by a killed process (or by a container whose process
 * ids mean nothing here) is taken over.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {(pid: number) => void} onWait told once, if another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !acquire(file); ) {
    if (isStale(file)) {
      takeAway(file);
      continue;
    }
    if (!told) onWait(holder(file));
    told = true;
    await delay(RETRY_INTERVAL_MS);
  }
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), BEAT_INTERVAL_MS);
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.removeListener('exit', release);
    release();
  }
}

/** @param {string} file */
function acquire(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function holder(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

/** @param {string} file */
function isStale(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_AFTER_MS) return true;
  } catch {
    return false;
  }
  const pid = holder(file);
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/**
 * A rename is atomic: of two processes that find the same stale lock only one moves it away.
 * @param {string} file
 */
function takeAway(file) {
  const away = `${file}.${process.pid}`;
  try {
    renameSync(file, away);
    rmSync(away, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
