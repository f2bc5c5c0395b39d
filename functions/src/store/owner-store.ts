import type { Firestore } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { vaultDocumentSchema } from './documents.ts';
import { parse, timeOfRead } from './stored.ts';

/** Whose connections there are, and how far the sweep has come. Throws StrongroomError `unavailable`. */
export function createOwnerStore(db: Firestore, timed: ServerClock['timed']) {
  const vault = db.collection('strongroomVault');
  const sweepCursor = db.doc('strongroomSchedule/sweep');

  return {
    /** The ids of all connections of a user, by pages; 1 read each, at least 1. */
    async *listOwned(uid: string, pageSize: number): AsyncGenerator<string[]> {
      const owned = vault.where('uid', '==', uid).orderBy('__name__').select().limit(pageSize);
      let query = owned;
      for (;;) {
        const { docs } = await reachFirestore(() => query.get());
        const last = docs.at(-1);
        if (last === undefined) return;
        yield docs.map(({ id }) => id);
        if (docs.length < pageSize) return;
        query = owned.startAfter(last.id);
      }
    },

    /** Where a user is connected, and when he consented last; 1 read each, at least 1. */
    async listGrants(uid: string): Promise<{ provider: string; grantedAt: number }[]> {
      const query = vault.where('uid', '==', uid).select('provider', 'grantedAt').limit(500);
      const { docs } = await reachFirestore(() => query.get());
      return docs.map((snapshot) => parse(snapshot, grantSchema));
    },

    /**
     * One page of connections in the order of their ids, for the sweep; 1 read each. A spoilt document
     * without an owner is told of as well: it must not end the round.
     */
    async listOwners(
      after: string | undefined,
      limit: number,
    ): Promise<{ readonly id: string; readonly uid: string | undefined }[]> {
      const ordered = vault.orderBy('__name__').select('uid').limit(limit);
      const query = after === undefined ? ordered : ordered.startAfter(after);
      const found = await reachFirestore(() => query.get());
      return found.docs.map((snapshot) => {
        const uid: unknown = snapshot.get('uid');
        return { id: snapshot.id, uid: typeof uid === 'string' ? uid : undefined };
      });
    },

    /** Where the sweep goes on. 1 read. */
    async readCursor(): Promise<string | undefined> {
      const ask = () => timed(() => sweepCursor.get(), timeOfRead);
      const found = await reachFirestore(ask);
      const after: unknown = found.get('after');
      return typeof after === 'string' ? after : undefined;
    },

    /** 1 write. */
    async writeCursor(after: string | undefined): Promise<void> {
      await reachFirestore(() => sweepCursor.set({ after: after ?? null }));
    },
  };
}

const { provider, grantedAt } = vaultDocumentSchema.entries;
const grantSchema = v.object({ provider, grantedAt });
