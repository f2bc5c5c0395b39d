import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'strongroom-')));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a shell script, with its folders. */
export function script(file: string, body: string): void {
  write(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

export function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
