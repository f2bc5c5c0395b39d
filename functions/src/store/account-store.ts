import { createHash } from 'node:crypto';
import type { CollectionReference, DocumentReference, Firestore } from 'firebase-admin/firestore';
import { conditionally } from '../platform/firestore.ts';
import { type Account, accountDocumentSchema } from './documents.ts';
import { documentReader } from './stored.ts';

/**
 * By what an account is found: which provider, and the provider's subject. Undefined where the provider
 * did not tell whose it is.
 */
export function accountIdOf(provider: string, { subject }: Account): string | undefined {
  if (subject === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([provider, subject]))
    .digest('base64url');
}

/** Below its user, so that it is his and goes with him. */
export function accountOf(db: Firestore, uid: string, accountId: string): DocumentReference {
  return accountsOf(db, uid).doc(accountId);
}

/** All of a user. */
export function accountsOf(db: Firestore, uid: string): CollectionReference {
  return db.collection('strongroom').doc(uid).collection('accounts');
}

/**
 * Which connection a user's account has. Its document is created in the commit of the connection and
 * deleted in the commit of its end, so two completions at once cannot make two connections.
 */
export function createAccountStore(db: Firestore) {
  const read = documentReader((ask) => ask());

  return {
    /** 1 read. */
    async readAccount(uid: string, accountId: string): Promise<string | undefined> {
      const found = await read(accountOf(db, uid, accountId), accountDocumentSchema);
      return found?.document.connectionId;
    },

    /** Lets an account be connected anew whose connection is gone all the same. 1 read, 1 write. */
    async releaseAccount(uid: string, accountId: string, connectionId: string): Promise<void> {
      const reference = accountOf(db, uid, accountId);
      const found = await read(reference, accountDocumentSchema);
      if (found?.document.connectionId !== connectionId) return;
      await conditionally(() => reference.delete({ lastUpdateTime: found.version }));
    },
  };
}
