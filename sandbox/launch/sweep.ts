import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './is-alive.ts';

/** Set for every process of a run and inherited by all that those start, however detached. */
export const MARKER = 'STRONGROOM_RUN';

const POLL_INTERVAL_MS = 50;
const KILL_TIMEOUT_MS = 5000;

/**
 * Ends every process that carries the marker: asks first, kills what is left after `graceMs`.
 * The marker, not the process group, decides: firebase-tools starts Java in a session of its own.
 */
export async function sweep(
  marker: string,
  pids: readonly number[],
  graceMs: number,
): Promise<void> {
  const alive = () => markedPids(marker, pids);
  signal(alive(), 'SIGTERM');
  await waitUntil(() => alive().length === 0, graceMs);
  await waitUntil(() => {
    const left = alive();
    signal(left, 'SIGKILL');
    return left.length === 0;
  }, KILL_TIMEOUT_MS);
}

/** Waits for a condition; gives up after `timeoutMs` and says whether it held. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() >= endsAt) return false;
    await delay(POLL_INTERVAL_MS);
  }
  return true;
}

/**
 * The living processes of a run.
 *
 * @param pids what the launcher itself started; all there is to go by on Windows, where the
 *   environment of another process cannot be read
 */
export function markedPids(marker: string, pids: readonly number[] = []): number[] {
  const assignment = `${MARKER}=${marker}`;
  if (process.platform === 'win32') return pids.filter(isAlive);
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(assignment))
      .map(Number);
  }
  return execFileSync('ps', ['-axEww', '-o', 'pid=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\n')
    .filter((line) => line.includes(assignment))
    .map((line) => Number.parseInt(line, 10));
}

/** Empty for another user's process and for a zombie. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      if (process.platform === 'win32') execFileSync('taskkill', ['/T', '/F', '/PID', String(pid)]);
      else process.kill(pid, name);
    } catch {
      // It has ended in the meantime.
    }
  }
}
