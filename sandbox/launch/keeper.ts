/**
 * Outlives the launcher by a moment. It holds the read end of a pipe whose only write end is the
 * launcher's; when that closes, for whatever reason, it ends what the launcher has left behind.
 *
 * Arguments: the run's marker, how long its processes may take to end. Input: lines `pid <number>`, `file <path>` (to be
 * removed) and `sandbox <path>` (to be removed if it is still the launcher's).
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { removeSandboxFile } from './sandbox-file.ts';
import { sweep } from './sweep.ts';

const [marker, graceMs] = process.argv.slice(2);
const launcher = Number.parseInt(marker ?? '', 10);
const pids: number[] = [];
const files: string[] = [];
const sandboxes: string[] = [];

// The terminal's signals reach a whole group; this process must be the last to go.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const [, kind, value = ''] = /^(pid|file|sandbox) (.*)$/.exec(line) ?? [];
  if (kind === 'pid') pids.push(Number(value));
  if (kind === 'file') files.push(value);
  if (kind === 'sandbox') sandboxes.push(value);
}
if (marker !== undefined) await sweep(marker, pids, Number(graceMs));
for (const file of files) rmSync(file, { force: true });
for (const file of sandboxes) removeSandboxFile(file, launcher);
