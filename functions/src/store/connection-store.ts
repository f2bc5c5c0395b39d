import type { Firestore, Timestamp, Transaction } from 'firebase-admin/firestore';
import { conditionally, creating, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { accountOf, createAccountStore } from './account-store.ts';
import { createAuthorizationStore } from './authorization-store.ts';
import { addCompanions, type Companion } from './companions.ts';
import {
  type StatusDocument,
  statusDocumentSchema,
  toFirestore,
  type VaultDocument,
  vaultDocumentSchema,
} from './documents.ts';
import { createDueStore } from './due-store.ts';
import { createOwnerStore } from './owner-store.ts';
import { documentReader, ownMark, parse, type Stored, timeOfWrites } from './stored.ts';

/** A change of the status document that goes with a change of the vault's, in one commit. */
export type StatusPatch = Partial<StatusDocument>;

/**
 * Where connections live. What takes `events` writes them in the same commit, 1 write each. Every
 * method is one round trip and throws StrongroomError `unavailable` where Firestore gives no answer.
 */
export function createConnectionStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const read = documentReader(timed);
  const authorizations = db.collection('strongroomAuthorizations');
  const vault = db.collection('strongroomVault');
  const statuses = (uid: string) => db.collection('strongroom').doc(uid).collection('connections');

  return {
    ...createAccountStore(db),
    ...createAuthorizationStore(db, timed),
    ...createDueStore(db, timed),
    ...createOwnerStore(db, timed),

    /**
     * Writes the documents of a new connection: 2 writes, 3 where its account is known, in one commit.
     * A transaction, although it reads nothing: a batch would be tried for ten minutes, long after its
     * grant was revoked.
     *
     * @returns false where its account has a connection already, or this very write took effect
     *   before: `readAccount` tells which.
     */
    async create(
      id: string,
      secret: VaultDocument,
      status: StatusDocument,
      events: readonly Companion[] = [],
    ): Promise<boolean> {
      const { uid, accountId } = secret;
      const write = async (transaction: Transaction) => {
        transaction.create(vault.doc(id), { ...toFirestore(secret), ...ownMark });
        transaction.create(statuses(uid).doc(id), toFirestore(status));
        if (accountId) transaction.create(accountOf(db, uid, accountId), { connectionId: id });
        addCompanions(db, transaction, events);
      };
      return creating(() => db.runTransaction(write, { maxAttempts: 1 }));
    },

    /** 1 read. */
    async readVault(id: string): Promise<Stored<VaultDocument> | undefined> {
      return read(vault.doc(id), vaultDocumentSchema);
    },

    /**
     * Compare and set: changes the vault document, and the status document with it, only where
     * nobody has changed it since it was read. 1 write, 2 with a status; 1 more for an account that
     * comes to be known, which another connection must not have.
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
      const { uid } = found.document;
      const { accountId } = patch;
      const write = (alsoStatus?: StatusPatch) => {
        const batch = db.batch();
        batch.update(vault.doc(found.id), fields, { lastUpdateTime: found.version });
        if (alsoStatus !== undefined) {
          batch.update(statuses(uid).doc(found.id), toFirestore(alsoStatus));
        }
        if (accountId) batch.create(accountOf(db, uid, accountId), { connectionId: found.id });
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
     * that was read. 3 writes, 4 where its account is known.
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
      const { uid, authorization, accountId } = found.document;
      if (authorization !== null) batch.delete(authorizations.doc(authorization));
      if (accountId) batch.delete(accountOf(db, uid, accountId));
      addCompanions(db, batch, events);
      return (await conditionally(() => batch.commit())).written;
    },

    /** The connection of a user that came from an authorization. 1 read. */
    async findByAuthorization(uid: string, authorization: string): Promise<string | undefined> {
      const query = vault.where('authorization', '==', authorization).limit(1).select('uid');
      const [found] = (await reachFirestore(() => query.get())).docs;
      return found?.get('uid') === uid ? found?.id : undefined;
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
  };
}

export type ConnectionStore = ReturnType<typeof createConnectionStore>;
