import { FieldPath } from 'firebase-admin/firestore';
import { readEnvironment } from '../../../functions/src/platform/environment.ts';
import { openFirestore } from '../../../functions/src/platform/firestore.ts';
import { type Part, parsePart } from './part.ts';
import { notFound } from './problem.ts';

/** A part with its id. */
export interface StoredPart extends Part {
  readonly id: string;
}

const parts = () => database().collection('parts');
let opened: ReturnType<typeof openFirestore> | undefined;
function database() {
  opened ??= openFirestore(readEnvironment(process.env), '(default)');
  return opened;
}

/** 1 write. */
export async function createPart(part: Part): Promise<StoredPart> {
  const { id } = await parts().add(part);
  return { id, ...part };
}

/** 1 read. @throws Problem 404 */
export async function readPart(id: string): Promise<StoredPart> {
  const found = await parts().doc(id).get();
  if (!found.exists) throw notFound();
  return { id, ...parsePart(found.data()) };
}

/** 1 write. @throws Problem 404 */
export async function replacePart(id: string, part: Part): Promise<StoredPart> {
  await existing(() =>
    parts()
      .doc(id)
      .update({ ...part }),
  );
  return { id, ...part };
}

/** 1 write. @throws Problem 404 */
export async function deletePart(id: string): Promise<void> {
  await existing(() => parts().doc(id).delete({ exists: true }));
}

export interface PartsPage {
  readonly parts: readonly StoredPart[];
  /** To be given as `after`; absent: that was all. */
  readonly next?: string;
}

/** 1 read each, and 1 to see whether there are more. */
export async function listParts(limit: number, after: string | undefined): Promise<PartsPage> {
  const ordered = parts().orderBy(FieldPath.documentId());
  const rest = after === undefined ? ordered : ordered.startAfter(after);
  const { docs } = await rest.limit(limit + 1).get();
  const found = docs.map((one) => ({ id: one.id, ...parsePart(one.data()) }));
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { parts: page, ...(last && { next: last.id }) };
}

const notFoundCodes: ReadonlySet<unknown> = new Set([5, 9]);

async function existing(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw notFoundCodes.has(code) ? notFound() : error;
  }
}
