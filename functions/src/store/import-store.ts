import type { Firestore } from 'firebase-admin/firestore';
import type { NewRecord } from '../audit/record.ts';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { accountOf } from './account-store.ts';
import { addRecords } from './audit-store.ts';
import { type StatusDocument, toFirestore, type VaultDocument } from './documents.ts';
import { ownMark } from './stored.ts';

/** Both documents of a connection, and what the audit says of it. */
export interface NewConnection {
  readonly id: string;
  readonly secret: VaultDocument;
  readonly status: StatusDocument;
  readonly records: readonly NewRecord[];
}

/** Whose a connection is. */
export interface Owner {
  readonly uid: unknown;
  readonly provider: unknown;
}

/** Writes many connections at once. Throws StrongroomError `unavailable`. */
export function createImportStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const vault = db.collection('strongroomVault');

  return {
    /** Those among the ids that there are, and whose. 1 read each. */
    async owners(ids: readonly string[]): Promise<Map<string, Owner>> {
      if (ids.length === 0) return new Map();
      const references = ids.map((id) => vault.doc(id));
      const ask = () => db.getAll(...references, { fieldMask: ['uid', 'provider'] });
      const found = await reachFirestore(() =>
        timed(ask, (snapshots) => snapshots[0]?.readTime.toMillis()),
      );
      return new Map(
        found
          .filter(({ exists }) => exists)
          .map((one) => [one.id, { uid: one.get('uid'), provider: one.get('provider') }]),
      );
    },

    /**
     * Writes all of them, or none: 2 writes each, 1 more where the account is known, and 1 for each
     * record, in one commit.
     *
     * @returns false where one of them is there already.
     */
    async createAll(connections: readonly NewConnection[]): Promise<boolean> {
      if (connections.length === 0) return true;
      const batch = db.batch();
      for (const { id, secret, status, records } of connections) {
        batch.create(vault.doc(id), { ...toFirestore(secret), ...ownMark });
        // Not create: what is shown of a connection that is gone must not stand in its way.
        const shown = db.collection('strongroom').doc(secret.uid).collection('connections');
        batch.set(shown.doc(id), toFirestore(status));
        // Nor create: who is connected there twice already keeps both.
        const { uid, accountId } = secret;
        if (accountId) batch.set(accountOf(db, uid, accountId), { connectionId: id });
        addRecords(db, batch, records);
      }
      return (await conditionally(() => batch.commit())).written;
    },
  };
}

export type ImportStore = ReturnType<typeof createImportStore>;
