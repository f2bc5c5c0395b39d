import type { Firestore } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { type ConnectionStatus, type VaultDocument, vaultDocumentSchema } from './documents.ts';
import { parse, type Stored, stored, timeOfRead } from './stored.ts';

/** Whose a connection is, as far as its document tells. */
export interface Owned {
  readonly id: string;
  readonly uid: string | undefined;
  readonly status: unknown;
}

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

    /**
     * A user's connections of one status, by pages; 1 read each, at least 1. One that is not of our
     * shape is passed over.
     */
    async *listOfStatus(
      uid: string,
      status: ConnectionStatus,
      pageSize: number,
    ): AsyncGenerator<Stored<VaultDocument>[]> {
      const owned = vault.where('uid', '==', uid).where('status', '==', status);
      const ordered = owned.orderBy('__name__').limit(pageSize);
      let query = ordered;
      for (;;) {
        const { docs } = await reachFirestore(() => query.get());
        const last = docs.at(-1);
        if (last === undefined) return;
        yield docs.flatMap((snapshot) => {
          const { success, output } = v.safeParse(vaultDocumentSchema, snapshot.data());
          return success ? (stored(snapshot, () => output) ?? []) : [];
        });
        if (docs.length < pageSize) return;
        query = ordered.startAfter(last.id);
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
    async listOwners(after: string | undefined, limit: number): Promise<Owned[]> {
      const ordered = vault.orderBy('__name__').select('uid', 'status').limit(limit);
      const query = after === undefined ? ordered : ordered.startAfter(after);
      const found = await reachFirestore(() => query.get());
      return found.docs.map((snapshot) => {
        const uid: unknown = snapshot.get('uid');
        const status: unknown = snapshot.get('status');
        return { id: snapshot.id, uid: typeof uid === 'string' ? uid : undefined, status };
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
