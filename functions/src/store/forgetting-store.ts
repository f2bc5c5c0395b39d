import { createHash } from 'node:crypto';
import { FieldValue, type Firestore, Timestamp } from 'firebase-admin/firestore';
import * as v from 'valibot';
import type { NewRecord } from '../audit/record.ts';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import { addRecords, auditCollection } from './audit-store.ts';
import { time } from './documents.ts';
import { parse } from './stored.ts';

/** `strongroomSchedule/forget_{hash of uid}`: a deletion that is under way, and how far it has come. */
const forgettingSchema = v.object({
  forgetting: v.string(),
  connections: v.number(),
  pending: v.number(),
  beganAt: time,
});

export type Forgetting = Omit<v.InferOutput<typeof forgettingSchema>, 'forgetting'>;

/** Of each kind; a commit takes 500 writes. */
const pageSize = 150;

/** What deleting all of a user needs beside his connections. Throws StrongroomError `unavailable`. */
export function createForgettingStore(db: Firestore) {
  const schedule = db.collection('strongroomSchedule');
  const markerOf = (uid: string) =>
    schedule.doc(`forget_${createHash('sha256').update(uid).digest('hex')}`);

  return {
    /** 1 read. */
    async read(uid: string): Promise<Forgetting | undefined> {
      const snapshot = await reachFirestore(() => markerOf(uid).get());
      return snapshot.exists ? parse(snapshot, forgettingSchema) : undefined;
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
      await conditionally(() => markerOf(uid).create(marker));
    },

    /** Counts what was ended. 1 write. */
    async count(uid: string, connections: number, pending: number): Promise<void> {
      await conditionally(() =>
        markerOf(uid).update({
          connections: FieldValue.increment(connections),
          pending: FieldValue.increment(pending),
        }),
      );
    },

    /**
     * Deletes a page of what else is held of a user: pending authorizations, what is shown of
     * connections that are gone, records of the audit. 1 read and 1 write each, 3 reads at least.
     *
     * @param before is done before anything is deleted.
     * @returns how many were deleted; 0: there is nothing left.
     */
    async removeRest(uid: string, before: () => Promise<void>): Promise<number> {
      const queries = [
        db.collection('strongroomAuthorizations').where('uid', '==', uid),
        db.collection('strongroom').doc(uid).collection('connections'),
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
      batch.delete(markerOf(uid), { exists: true });
      addRecords(db, batch, [receipt]);
      await conditionally(() => batch.commit());
    },

    /** Forgets that a deletion was begun. 1 write. */
    async abandon(uid: string): Promise<void> {
      await reachFirestore(() => markerOf(uid).delete());
    },

    /** Users whose deletion began before that and has not ended. 1 read each, at least 1. */
    async listUnfinished(before: number, limit: number): Promise<string[]> {
      const query = schedule.where('beganAt', '<=', Timestamp.fromMillis(before)).limit(limit);
      const { docs } = await reachFirestore(() => query.get());
      return docs.map((snapshot) => parse(snapshot, forgettingSchema).forgetting);
    },
  };
}

export type ForgettingStore = ReturnType<typeof createForgettingStore>;
