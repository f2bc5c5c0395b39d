import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Spool } from '../../functions/src/import/import.ts';
import type { Importable } from '../../functions/src/import/importable.ts';
import { linesOf } from '../../functions/src/import/lines.ts';

const bufferBytes = 256 * 1024;
const lineMaxBytes = 1024 * 1024;
/** CTR: nobody but this process sees the file, and bytes may come in pieces of any size. */
const algorithm = 'aes-256-ctr';

/**
 * A temporary file that only this process can read: its key is in memory, and its name is gone before
 * the first byte is written, so that nothing of it outlives the process, however that ends.
 */
export async function createSpool(folder = tmpdir()): Promise<Spool & { close(): Promise<void> }> {
  const [key, counter] = [randomBytes(32), randomBytes(16)];
  const path = join(folder, `strongroom-import-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  // Windows deletes no open file: there it goes when the spool is closed.
  const isUnlinked = await unlink(path).then(
    () => true,
    () => false,
  );
  const cipher = createCipheriv(algorithm, key, counter);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  const flush = async () => {
    const bytes = Buffer.concat(waiting);
    [waiting, waitingBytes] = [[], 0];
    if (bytes.length > 0) await file.writeFile(bytes);
  };
  async function* plaintext(): AsyncGenerator<Uint8Array> {
    const decipher = createDecipheriv(algorithm, key, counter);
    for (let position = 0; ; ) {
      const buffer = Buffer.alloc(bufferBytes);
      const { bytesRead } = await file.read(buffer, 0, bufferBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield decipher.update(buffer.subarray(0, bytesRead));
    }
  }

  return {
    async add(importable) {
      const bytes = cipher.update(`${JSON.stringify(importable)}\n`);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= bufferBytes) await flush();
    },
    async *read() {
      await flush();
      for await (const { bytes } of linesOf(plaintext(), lineMaxBytes)) {
        // What it wrote itself.
        const importable: Importable = JSON.parse(Buffer.from(bytes ?? []).toString('utf8'));
        yield importable;
      }
    },
    async close() {
      await file.close();
      if (!isUnlinked) await unlink(path);
    },
  };
}
