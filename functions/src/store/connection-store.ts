import {
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
  type Transaction,
} from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally, creating, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { addCompanions, type Companion } from './companions.ts';
import {
  type AuthorizationDocument,
  authorizationDocumentSchema,
  type StatusDocument,
  statusDocumentSchema,
  toFirestore,
  type VaultDocument,
  vaultDocumentSchema,
} from './documents.ts';
import {
  documentReader,
  ownMark,
  parse,
  type Stored,
  stored,
  timeOfRead,
  timeOfWrites,
} from './stored.ts';

/** A change of the status document that goes with a change of the vault's, in one commit. */
export type StatusPatch = Partial<StatusDocument>;

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

/**
 * Where connections live; event-store.ts has the only other collection. What takes `events` writes
 * them in the same commit, 1 write each. Every method is one round trip and
 * throws StrongroomError `unavailable` where Firestore gives no answer.
 */
export function createConnectionStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const read = documentReader(timed);
  const authorizations = db.collection('strongroomAuthorizations');
  const vault = db.collection('strongroomVault');
  const sweepCursor = db.doc('strongroomSchedule/sweep');
  const statuses = (uid: string) => db.collection('strongroom').doc(uid).collection('connections');

  return {
    /** 1 write. */
    async createAuthorization(id: string, document: AuthorizationDocument): Promise<void> {
      await creating(() => authorizations.doc(id).create(toFirestore(document)));
    },

    /** 1 read. */
    async readAuthorization(id: string): Promise<Stored<AuthorizationDocument> | undefined> {
      return read(authorizations.doc(id), authorizationDocumentSchema);
    },

    /** Uses a pending authorization up. 1 write. @returns whether it was ours to use. */
    async useAuthorization(found: Stored<AuthorizationDocument>, usedAt: number): Promise<boolean> {
      const outcome = await conditionally(() =>
        authorizations
          .doc(found.id)
          .update(toFirestore({ usedAt, sealed: null }), { lastUpdateTime: found.version }),
      );
      return outcome.written;
    },

    /**
     * Writes both documents of a new connection. 2 writes, in one commit. A transaction, although it
     * reads nothing: a batch would be tried for ten minutes, long after its grant was revoked.
     */
    async create(
      id: string,
      secret: VaultDocument,
      status: StatusDocument,
      events: readonly Companion[] = [],
    ): Promise<void> {
      const write = async (transaction: Transaction) => {
        transaction.create(vault.doc(id), { ...toFirestore(secret), ...ownMark });
        transaction.create(statuses(secret.uid).doc(id), toFirestore(status));
        addCompanions(db, transaction, events);
      };
      await creating(() => db.runTransaction(write, { maxAttempts: 1 }));
    },

    /** 1 read. */
    async readVault(id: string): Promise<Stored<VaultDocument> | undefined> {
      return read(vault.doc(id), vaultDocumentSchema);
    },

    /**
     * Compare and set: changes the vault document, and the status document with it, only where
     * nobody has changed it since it was read. 1 write, 2 with a status.
     *
     * @returns the new version, or undefined: somebody was first, or it is gone.
     */
    async update(
      found: Stored<VaultDocument>,
      patch: Partial<VaultDocument>,
      status?: StatusPatch,
      events: readonly Companion[] = [],
    ): Promise<Timestamp | undefined> {
      // What is foreign stays so until it has a token set of the suite's own.
      const isOwn = found.isForeign !== true || patch.generation !== undefined;
      const fields = { ...toFirestore(patch), ...(isOwn && ownMark) };
      const write = (alsoStatus?: StatusPatch) => {
        const batch = db.batch();
        batch.update(vault.doc(found.id), fields, { lastUpdateTime: found.version });
        if (alsoStatus !== undefined) {
          batch.update(statuses(found.document.uid).doc(found.id), toFirestore(alsoStatus));
        }
        addCompanions(db, batch, events);
        return conditionally(() => timed(() => batch.commit(), timeOfWrites));
      };
      let outcome = await write(status);
      // The app may have deleted what is its user's: the vault's document still has to change.
      if (!outcome.written && outcome.isMissing && status !== undefined) outcome = await write();
      return outcome.written ? outcome.value[0]?.writeTime : undefined;
    },

    /**
     * Deletes all that is left of a connection, only where the vault's document is still the one
     * that was read. 3 writes.
     *
     * @returns false where it was changed meanwhile, or is gone.
     */
    async remove(
      found: Stored<VaultDocument>,
      events: readonly Companion[] = [],
    ): Promise<boolean> {
      const batch = db.batch();
      batch.delete(vault.doc(found.id), { lastUpdateTime: found.version });
      batch.delete(statuses(found.document.uid).doc(found.id));
      const { authorization } = found.document;
      if (authorization !== null) batch.delete(authorizations.doc(authorization));
      addCompanions(db, batch, events);
      return (await conditionally(() => batch.commit())).written;
    },

    /** The status documents of a user, oldest first; 1 read each. */
    async listStatuses(uid: string): Promise<{ id: string; document: StatusDocument }[]> {
      const found = await reachFirestore(() => statuses(uid).orderBy('createdAt').limit(500).get());
      return found.docs.map((snapshot) => ({
        id: snapshot.id,
        document: parse(snapshot, statusDocumentSchema),
      }));
    },

    /** 1 read. */
    async readStatus(uid: string, id: string): Promise<StatusDocument | undefined> {
      return (await read(statuses(uid).doc(id), statusDocumentSchema))?.document;
    },

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

    /** One page of connections in the order of their ids, for the sweep; 1 read each. */
    async listOwners(after: string | undefined, limit: number) {
      const ordered = vault.orderBy('__name__').select('uid').limit(limit);
      const query = after === undefined ? ordered : ordered.startAfter(after);
      const found = await reachFirestore(() => query.get());
      return found.docs.map((snapshot) => ({ id: snapshot.id, ...parse(snapshot, ownerSchema) }));
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

    /** Deletes authorizations whose time is long over, where the TTL policy has not. */
    async removeStaleAuthorizations(before: number, limit: number): Promise<number> {
      const query = authorizations
        .where('deleteAt', '<=', Timestamp.fromMillis(before))
        .limit(limit);
      const found = await reachFirestore(() => query.select().get());
      const batch = db.batch();
      for (const { ref } of found.docs) batch.delete(ref);
      if (!found.empty) await reachFirestore(() => batch.commit());
      return found.size;
    },
  };
}

export type ConnectionStore = ReturnType<typeof createConnectionStore>;

const { generation, provider, refreshAt } = vaultDocumentSchema.entries;
const dueSchema = v.object({ generation, provider, refreshAt: v.nonNullable(refreshAt) });
const ownerSchema = v.object({ uid: v.string() });
const grantSchema = v.object({ provider, grantedAt: vaultDocumentSchema.entries.grantedAt });
