import {
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type SetOptions,
  Timestamp,
  type Transaction,
  type WriteBatch,
  type WriteResult,
} from 'firebase-admin/firestore';
import * as v from 'valibot';
import { reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { rejected } from '../vault/keyring.ts';

/** A document, and the version of it that a conditional write must meet. */
export interface Stored<T> {
  readonly id: string;
  readonly document: T;
  readonly version: Timestamp;
  /**
   * Somebody else than the suite has written it since its last token set came: a backup was restored,
   * say. Told of the vault's documents only.
   */
  readonly isForeign?: boolean;
}

/** Reads one document, and sets the clock by the answer. 1 read. */
export function documentReader(timed: ServerClock['timed']) {
  return async <S extends v.GenericSchema>(
    reference: DocumentReference,
    schema: S,
  ): Promise<Stored<v.InferOutput<S>> | undefined> => {
    const ask = () => timed(() => reference.get(), timeOfRead);
    const snapshot = await reachFirestore(ask);
    return stored(snapshot, (found) => parse(found, schema));
  };
}

/** @param read makes a document of it. */
export function stored<T>(
  snapshot: DocumentSnapshot,
  read: (snapshot: DocumentSnapshot) => T,
): Stored<T> | undefined {
  const { id, updateTime: version } = snapshot;
  if (version === undefined) return undefined;
  const found = { id, document: read(snapshot), version };
  return isForeign(snapshot, version) ? { ...found, isForeign: true } : found;
}

/** Firestore stamps both; what the suite writes, it stamps with the same time. */
const stampToleranceMs = 60_000;

/**
 * The mark of the suite's own writes: Firestore puts its time there, within the same write. Whoever
 * writes the document without it leaves it behind the time of the document's last change.
 */
export const ownMark = { writtenAt: FieldValue.serverTimestamp() };

function isForeign(snapshot: DocumentSnapshot, version: Timestamp): boolean {
  const writtenAt: unknown = snapshot.get('writtenAt');
  if (!(writtenAt instanceof Timestamp)) return false;
  return version.toMillis() - writtenAt.toMillis() > stampToleranceMs;
}

/** Sets a document within a commit of either kind, whose types TypeScript cannot call as one. */
export function setIn(
  commit: WriteBatch | Transaction,
  reference: DocumentReference,
  fields: Record<string, unknown>,
  options: SetOptions = {},
): void {
  if ('commit' in commit) commit.set(reference, fields, options);
  else commit.set(reference, fields, options);
}

/** The server's time in the answer to a read. */
export function timeOfRead({ readTime }: { readonly readTime: Timestamp }): number {
  return readTime.toMillis();
}

/** The server's time in the answer to a commit. */
export function timeOfWrites([first]: readonly WriteResult[]): number | undefined {
  return first?.writeTime.toMillis();
}

/** A document that is not of our shape was not written by us. */
export function parse<S extends v.GenericSchema>(
  snapshot: DocumentSnapshot,
  schema: S,
): v.InferOutput<S> {
  const result = v.safeParse(schema, snapshot.data());
  if (!result.success) throw rejected();
  return result.output;
}
