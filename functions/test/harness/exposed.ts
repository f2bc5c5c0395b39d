import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { stack } from '../../../sandbox/test/stack.ts';
import type { Place } from '../../src/vault/seal.ts';

/** Runs a piece of work. @returns what this process has written to stdout and stderr meanwhile. */
export async function capturing(work: () => Promise<unknown>): Promise<string> {
  let output = '';
  const restore = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write;
    stream.write = (chunk: string | Uint8Array) => {
      output += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return output;
}

/**
 * All records of an export of a project's Firestore, as the emulator makes it.
 *
 * @param folder where to.
 */
export async function exported(projectId: string, folder: string): Promise<string[]> {
  const name = randomUUID();
  const answer = await fetch(
    `http://127.0.0.1:${stack.ports.firestore}/emulator/v1/projects/${projectId}:export`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        database: `projects/${projectId}/databases/(default)`,
        export_directory: folder,
        export_name: name,
      }),
    },
  );
  if (!answer.ok) throw new Error(`The emulator exported nothing: ${await answer.text()}`);
  const files = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
  );
  return contents.flatMap((content) =>
    recordsOf(content).map((record) => record.toString('latin1')),
  );
}

const blockBytes = 32_768;
const headerBytes = 7;

/** What a piece of a record says of itself. */
const last = new Set([1, 4]);

/**
 * An export is a log of LevelDB: records in pieces, in blocks.
 * https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
function recordsOf(content: Buffer): Buffer[] {
  const records: Buffer[] = [];
  const pieces: Buffer[] = [];
  for (let block = 0; block < content.length; block += blockBytes) {
    const end = Math.min(block + blockBytes, content.length);
    let at = block;
    while (at + headerBytes <= end) {
      const next = at + headerBytes + content.readUInt16LE(at + 4);
      // No such log.
      if (next > end) return [content];
      pieces.push(content.subarray(at + headerBytes, next));
      if (last.has(content.readUInt8(at + 6))) records.push(Buffer.concat(pieces.splice(0)));
      at = next;
    }
  }
  return [...records, ...pieces];
}

/** Every sealed value that stands in a text, and where it belongs. */
export function sealedIn(text: string): { readonly jwe: string; readonly place: Place }[] {
  // By their lengths, since in an export anything may follow.
  const found = text.match(/eyJ[\w-]+\.[\w-]{43}\.[\w-]{16}\.[\w-]+\.[\w-]{22}/g) ?? [];
  return [...new Set(found)].flatMap((jwe) => {
    const { uid, doc, fld, gen, prv } = decodeProtectedHeader(jwe);
    const field = fields.find((one) => one === fld);
    if (field === undefined) return [];
    const provider = typeof prv === 'string' ? { provider: prv } : {};
    return [
      {
        jwe,
        place: { uid: `${uid}`, document: `${doc}`, field, generation: Number(gen), ...provider },
      },
    ];
  });
}

const fields: readonly Place['field'][] = [
  'tokenSet',
  'spilledTokenSet',
  'authorization',
  'grantToRevoke',
  'signIn',
];
