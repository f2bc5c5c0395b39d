import { createHash } from 'node:crypto';
import {
  FieldValue,
  type Firestore,
  Timestamp,
  type Transaction,
  type WriteBatch,
} from 'firebase-admin/firestore';
import * as v from 'valibot';
import type { NewRecord } from '../audit/record.ts';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import { accountsOf } from './account-store.ts';
import { addRecords, auditCollection } from './audit-store.ts';
import { time } from './documents.ts';
import { parse, setIn } from './stored.ts';

const collection = 'strongroomSchedule';

/** `strongroomSchedule/forget_{hash of uid}`: a deletion that is under way, and how far it has come. */
const forgettingSchema = v.object({
  forgetting: v.string(),
  connections: v.number(),
  pending: v.number(),
  beganAt: time,
});

export type Forgetting = Omit<v.InferOutput<typeof forgettingSchema>, 'forgetting'>;

/** A connection of a user who is being forgotten has ended; counted in the commit that ends it. */
export interface Progress {
  readonly forgetting: string;
  readonly beganAt: number;
  /** Its grant is still to be revoked. */
  readonly isPending: boolean;
}

/** 1 write. */
export function addProgress(
  db: Firestore,
  commit: WriteBatch | Transaction,
  { forgetting, beganAt, isPending }: Progress,
): void {
  const change = {
    forgetting,
    connections: FieldValue.increment(1),
    pending: FieldValue.increment(isPending ? 1 : 0),
    beganAt: Timestamp.fromMillis(beganAt),
  };
  const marker = markerOf(db, forgetting);
  setIn(commit, marker, change, { merge: true });
}

/** Of each kind; a commit takes 500 writes. */
const pageSize = 120;

/** What deleting all of a user needs beside his connections. Throws StrongroomError `unavailable`. */
export function createForgettingStore(db: Firestore) {
  return {
    /** 1 read. */
    async read(uid: string): Promise<Forgetting | undefined> {
      const snapshot = await reachFirestore(() => markerOf(db, uid).get());
      if (!snapshot.exists) return undefined;
      const { connections, pending, beganAt } = parse(snapshot, forgettingSchema);
      return { connections, pending, beganAt };
    },

    /** Notes that a deletion has begun, so that whoever comes after a crash finishes it. 1 write. */
    async begin(uid: string, now: number): Promise<void> {
      const marker = {
        forgetting: uid,
        connections: 0,
        pending: 0,
        beganAt: Timestamp.fromMillis(now),
      };
      // Where it is there already, another run has begun.
      await conditionally(() => markerOf(db, uid).create(marker));
    },

    /**
     * Deletes a page of what else is held of a user: pending authorizations, what is shown of
     * connections that are gone and of whose accounts they were, records of the audit. 1 read and
     * 1 write each, 4 reads at least.
     *
     * @param before is done before anything is deleted.
     * @returns how many were deleted; 0: there is nothing left.
     */
    async removeRest(uid: string, before: () => Promise<void>): Promise<number> {
      const queries = [
        db.collection('strongroomAuthorizations').where('uid', '==', uid),
        db.collection('strongroom').doc(uid).collection('connections'),
        accountsOf(db, uid),
        db.collection(auditCollection).where('uid', '==', uid),
      ];
      const pages = await reachFirestore(() =>
        Promise.all(queries.map((query) => query.limit(pageSize).select().get())),
      );
      const found = pages.flatMap(({ docs }) => docs);
      if (found.length === 0) return 0;
      await before();
      const batch = db.batch();
      for (const { ref } of found) batch.delete(ref);
      await reachFirestore(() => batch.commit());
      return found.length;
    },

    /** Ends a deletion with its receipt, once, however many runs overlap. 2 writes. */
    async finish(uid: string, receipt: NewRecord): Promise<void> {
      const batch = db.batch();
      batch.delete(markerOf(db, uid), { exists: true });
      addRecords(db, batch, [receipt]);
      await conditionally(() => batch.commit());
    },

    /** Forgets that a deletion was begun. 1 write. */
    async abandon(uid: string): Promise<void> {
      await reachFirestore(() => markerOf(db, uid).delete());
    },

    /** Users whose deletion began before that and has not ended. 1 read each, at least 1. */
    async listUnfinished(before: number, limit: number): Promise<string[]> {
      const query = db
        .collection(collection)
        .where('beganAt', '<=', Timestamp.fromMillis(before))
        .limit(limit);
      const { docs } = await reachFirestore(() => query.get());
      // One that somebody has spoilt must not end every sweep.
      return docs.flatMap((snapshot) => {
        const { success, output } = v.safeParse(forgettingSchema, snapshot.data());
        return success ? output.forgetting : [];
      });
    },
  };
}

function markerOf(db: Firestore, uid: string) {
  const hash = createHash('sha256').update(uid).digest('hex');
  return db.collection(collection).doc(`forget_${hash}`);
}

export type ForgettingStore = ReturnType<typeof createForgettingStore>;
