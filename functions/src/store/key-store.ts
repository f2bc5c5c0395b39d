import {
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type QueryDocumentSnapshot,
} from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { time, toFirestore, type VaultDocument, vaultDocumentSchema } from './documents.ts';
import { documentReader, type Stored, stored, timeOfRead } from './stored.ts';

const retiringSchema = v.object({
  /** Vault documents that it seals. */
  documents: v.number(),
  /** Since when none does; null: some do. */
  unnamedAt: v.nullable(time),
  /** When it was found disabled; null: it opens. */
  disabledAt: v.nullable(time),
});

const optionalTime = v.optional(v.nullable(time), null);

/** `strongroomSchedule/keys`: how far the keyring is with replacing its keys. No key is in it. */
const keyProgressSchema = v.object({
  /** The version that seals; null: no run yet. */
  newest: v.optional(v.nullable(v.string()), null),
  /** Older versions that are not destroyed yet. */
  retiring: v.optional(v.record(v.string(), retiringSchema), {}),
  /** Documents sealed anew since `startedAt`. */
  resealed: v.optional(v.number(), 0),
  /** Documents of older versions, as far as they were counted. */
  left: v.optional(v.number(), 0),
  /** Some of the documents that did not open. */
  refused: v.optional(v.array(v.string()), []),
  /** When an operator asked for a new version; null: nobody did. */
  requestedAt: optionalTime,
  /** When the newest version was added. */
  startedAt: optionalTime,
  updatedAt: optionalTime,
});

export type KeyProgress = v.InferOutput<typeof keyProgressSchema>;
export type Retiring = KeyProgress['retiring'][string];

export const noProgress: KeyProgress = v.parse(keyProgressSchema, {});

/** Vault documents of one key version. */
export interface NamingPage {
  readonly found: readonly Stored<VaultDocument>[];
  /** Ids of those that are not of our shape. */
  readonly malformed: readonly string[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next?: string;
}

/** What replacing keys reads and writes. Throws StrongroomError `unavailable`. */
export function createKeyStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const read = documentReader(timed);
  const progress = db.doc('strongroomSchedule/keys');
  const naming = (version: string) =>
    db.collection('strongroomVault').where('keyVersion', '==', version);

  return {
    /** 1 read. */
    readProgress: (): Promise<Stored<KeyProgress> | undefined> => read(progress, keyProgressSchema),

    /**
     * Takes a new version upon the caller, and the request for one off: compare and set, 1 write.
     *
     * @returns false where somebody has changed it since it was read.
     */
    async claim(found: Stored<KeyProgress> | undefined, updatedAt: number): Promise<boolean> {
      const fields = toFirestore({ updatedAt, requestedAt: null });
      const { written } = await conditionally(() =>
        found === undefined
          ? progress.create(fields)
          : progress.update(fields, { lastUpdateTime: found.version }),
      );
      return written;
    },

    /** Replaces these fields, each as a whole. 1 write. */
    async note(patch: Partial<KeyProgress>): Promise<void> {
      const mergeFields = Object.keys(patch);
      await reachFirestore(() => progress.set(toFirestore(patch), { mergeFields }));
    },

    /** Adds what a task has done; tasks do not wait for each other. 1 write. */
    async count(resealed: number, patch: Partial<KeyProgress>): Promise<void> {
      const counts = {
        resealed: FieldValue.increment(resealed),
        left: FieldValue.increment(-resealed),
      };
      await reachFirestore(() =>
        progress.set({ ...toFirestore(patch), ...counts }, { merge: true }),
      );
    },

    /** How many vault documents a version seals; 1 read for each thousand, at least 1. */
    async countNaming(version: string): Promise<number> {
      const found = await reachFirestore(() => naming(version).count().get());
      return found.data().count;
    },

    /** One page of them, in the order of their ids; 1 read each, at least 1. */
    async listNaming(
      version: string,
      after: string | undefined,
      limit: number,
    ): Promise<NamingPage> {
      const ordered = naming(version).orderBy('__name__').limit(limit);
      const query = after === undefined ? ordered : ordered.startAfter(after);
      const ask = () => timed(() => query.get(), timeOfRead);
      const { docs } = await reachFirestore(ask);
      const found = docs.flatMap((snapshot) => storedVault(snapshot) ?? []);
      const ids = new Set(found.map(({ id }) => id));
      const malformed = docs.map(({ id }) => id).filter((id) => !ids.has(id));
      const last = docs.at(-1);
      const isFull = docs.length === limit && last !== undefined;
      return { found, malformed, ...(isFull && { next: last.id }) };
    },
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;

function storedVault(snapshot: QueryDocumentSnapshot): Stored<VaultDocument> | undefined {
  const { success, output } = v.safeParse(vaultDocumentSchema, snapshot.data());
  return success ? stored(snapshot satisfies DocumentSnapshot, () => output) : undefined;
}
