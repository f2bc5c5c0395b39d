import type {
  DocumentReference,
  DocumentSnapshot,
  Timestamp,
  WriteResult,
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
}

/** Reads one document, and sets the clock by the answer. 1 read. */
export function documentReader(timed: ServerClock['timed']) {
  return async <S extends v.GenericSchema>(
    reference: DocumentReference,
    schema: S,
  ): Promise<Stored<v.InferOutput<S>> | undefined> => {
    const ask = () =>
      timed(
        () => reference.get(),
        ({ readTime }) => readTime.toMillis(),
      );
    const snapshot = await reachFirestore(ask);
    const version = snapshot.updateTime;
    return version && { id: snapshot.id, document: parse(snapshot, schema), version };
  };
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
