import { type DocumentSnapshot, type Firestore, Timestamp } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { toFirestore, type VaultDocument, vaultDocumentSchema } from './documents.ts';
import { type Stored, stored, timeOfRead } from './stored.ts';

/** A connection that is due, and what rotation needs to know of it. */
export interface DueConnection {
  readonly id: string;
  /** The one that is due: a newer one is not. */
  readonly generation: number;
  readonly provider: string;
  readonly refreshAt: number;
}

/** What a query for due connections is to give. */
export interface DuePage {
  readonly limit: number;
  /** Providers whose connections are to be left out; ten at most have an effect. */
  readonly without: readonly string[];
}

/** Which connections are due. Throws StrongroomError `unavailable`. */
export function createDueStore(db: Firestore, timed: ServerClock['timed']) {
  const vault = db.collection('strongroomVault');

  return {
    /**
     * What a shard has due, soonest first, by pages; 1 read each, at least 1. A document that is not
     * of our shape is passed over: it must not keep what comes after it from its refresh.
     *
     * @param nextPage asked before every query, which goes on where the one before it ended.
     */
    async *listDue(
      shard: number,
      dueUntil: number,
      nextPage: () => DuePage,
    ): AsyncGenerator<DueConnection[]> {
      const due = vault
        .where('shard', '==', shard)
        .where('refreshAt', '<=', Timestamp.fromMillis(dueUntil))
        .orderBy('refreshAt')
        .orderBy('provider')
        .select('generation', 'provider', 'refreshAt');
      let last: DocumentSnapshot | undefined;
      for (;;) {
        const { limit, without } = nextPage();
        // Firestore takes no more in one query; whoever asks passes the others over.
        const excluded = without.slice(0, 10);
        const others = excluded.length === 0 ? due : due.where('provider', 'not-in', excluded);
        const query = (last === undefined ? others : others.startAfter(last)).limit(limit);
        const ask = () => timed(() => query.get(), timeOfRead);
        const page = (await reachFirestore(ask)).docs;
        yield page.flatMap((snapshot) => {
          const { success, output } = v.safeParse(dueSchema, snapshot.data());
          return success ? [{ id: snapshot.id, ...output }] : [];
        });
        if (page.length < limit) return;
        last = page.at(-1);
      }
    },

    /** Some connection of a provider that works, if there is one. 1 read. */
    async findActive(
      provider: string,
    ): Promise<Pick<DueConnection, 'id' | 'generation'> | undefined> {
      const active = vault.where('provider', '==', provider).where('status', '==', 'active');
      const query = active.select('generation').limit(1);
      const [found] = (await reachFirestore(() => query.get())).docs;
      const generation: unknown = found?.get('generation');
      if (found === undefined || typeof generation !== 'number') return undefined;
      return { id: found.id, generation };
    },

    /**
     * Connections whose warning is due, longest due first, by pages; 1 read each, at least 1. A
     * document that is not of our shape is passed over.
     */
    async *listWarnings(
      dueUntil: number,
      pageSize: number,
    ): AsyncGenerator<Stored<VaultDocument>[]> {
      const due = vault
        .where('warnAt', '<=', Timestamp.fromMillis(dueUntil))
        .orderBy('warnAt')
        .limit(pageSize);
      let query = due;
      for (;;) {
        const page = (await reachFirestore(() => query.get())).docs;
        const last = page.at(-1);
        if (last === undefined) return;
        yield page.flatMap((snapshot) => {
          const { success, output } = v.safeParse(vaultDocumentSchema, snapshot.data());
          return success ? (stored(snapshot, () => output) ?? []) : [];
        });
        if (page.length < pageSize) return;
        query = due.startAfter(last);
      }
    },

    /**
     * Puts off when rotation is to refresh a connection that is still of that generation, of
     * whatever shape its document is otherwise. 1 read, 1 write.
     */
    async postpone(id: string, generation: number, refreshAt: number): Promise<void> {
      const reference = vault.doc(id);
      const found = await reachFirestore(() => reference.get());
      const { updateTime } = found;
      if (updateTime === undefined || found.get('generation') !== generation) return;
      await conditionally(() =>
        reference.update(toFirestore({ refreshAt }), { lastUpdateTime: updateTime }),
      );
    },
  };
}

const { generation, provider, refreshAt } = vaultDocumentSchema.entries;
const dueSchema = v.object({ generation, provider, refreshAt: v.nonNullable(refreshAt) });
