import { type Firestore, Timestamp } from 'firebase-admin/firestore';
import { conditionally, creating, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import {
  type AuthorizationDocument,
  authorizationDocumentSchema,
  toFirestore,
} from './documents.ts';
import { documentReader, type Stored } from './stored.ts';

/** Where pending authorizations live. Throws StrongroomError `unavailable`. */
export function createAuthorizationStore(db: Firestore, timed: ServerClock['timed']) {
  const read = documentReader(timed);
  const authorizations = db.collection('strongroomAuthorizations');

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
