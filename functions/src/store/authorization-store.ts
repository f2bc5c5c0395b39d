import { type Firestore, Timestamp, type Transaction } from 'firebase-admin/firestore';
import { conditionally, creating, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import {
  type AuthorizationDocument,
  authorizationDocumentSchema,
  type DevicePace,
  toFirestore,
} from './documents.ts';
import { documentReader, type Stored } from './stored.ts';

/** Where pending authorizations live. Throws StrongroomError `unavailable`. */
export function createAuthorizationStore(db: Firestore, timed: ServerClock['timed']) {
  const read = documentReader(timed);
  const authorizations = db.collection('strongroomAuthorizations');

  return {
    /**
     * 1 write. A transaction, although it reads nothing: a document alone would be tried for ten
     * minutes, long after its caller was told no.
     */
    async createAuthorization(id: string, document: AuthorizationDocument): Promise<void> {
      const fields = toFirestore(document);
      const write = async (transaction: Transaction) => {
        transaction.create(authorizations.doc(id), fields);
      };
      await creating(() => db.runTransaction(write, { maxAttempts: 1 }));
    },

    /** 1 read. */
    async readAuthorization(id: string): Promise<Stored<AuthorizationDocument> | undefined> {
      return read(authorizations.doc(id), authorizationDocumentSchema);
    },

    /**
     * Uses a pending authorization up. 1 write; 1 read more where it seems to be another's or no answer
     * came: the client library repeats a write whose answer was lost, and is then told that somebody
     * was first, which was we.
     *
     * @param usedBy what nobody else has: how one's own write is known again.
     * @param also what is changed with it.
     * @returns whether it was ours to use.
     */
    async useAuthorization(
      found: Stored<AuthorizationDocument>,
      usedAt: number,
      usedBy: string,
      also: Partial<AuthorizationDocument> = {},
    ): Promise<boolean> {
      const reference = authorizations.doc(found.id);
      const fields = toFirestore({ ...also, usedAt, usedBy, sealed: null });
      const use = () => reference.update(fields, { lastUpdateTime: found.version });
      let failure: unknown;
      try {
        if ((await conditionally(use)).written) return true;
      } catch (error) {
        failure = error;
      }
      const now = await read(reference, authorizationDocumentSchema);
      if (now?.document.usedBy === usedBy) return true;
      if (failure !== undefined) throw failure;
      return false;
    },

    /**
     * Compare and set: when a device's authorization may be asked after next. 1 write.
     *
     * @returns the new version; undefined where somebody was first.
     */
    async paceAuthorization(
      found: Stored<AuthorizationDocument>,
      device: DevicePace,
    ): Promise<Stored<AuthorizationDocument> | undefined> {
      const fields = toFirestore({ device });
      const outcome = await conditionally(() =>
        authorizations.doc(found.id).update(fields, { lastUpdateTime: found.version }),
      );
      if (!outcome.written) return undefined;
      const document = { ...found.document, device };
      return { ...found, document, version: outcome.value.writeTime };
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
