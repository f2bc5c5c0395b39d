import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

const folder = join(tmpdir(), `strongroom-ports-${userInfo().username}`);
const claimed = new Set<string>();

/**
 * Claims a port among the sandboxes of this user, for as long as this process lives. Between
 * choosing a port and an emulator listening on it lie seconds.
 *
 * @returns whether the port is ours
 */
export function claimPort(port: number): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, String(port));
  if (claimed.has(file)) return true;
  if (!write(file)) {
    if (isAlive(readClaim(file))) return false;
    rmSync(file, { force: true });
    if (!write(file)) return false;
  }
  if (claimed.size === 0) process.once('exit', releaseAll);
  claimed.add(file);
  return true;
}

/** The other living sandbox that has claimed a port, if any. */
export function claimantOf(port: number): number | undefined {
  const pid = readClaim(join(folder, String(port)));
  return pid !== process.pid && isAlive(pid) ? pid : undefined;
}

function releaseAll(): void {
  for (const file of claimed) rmSync(file, { force: true });
}

function write(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function readClaim(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}
