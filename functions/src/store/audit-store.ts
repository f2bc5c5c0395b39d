import {
  type Firestore,
  Timestamp,
  type Transaction,
  type WriteBatch,
} from 'firebase-admin/firestore';
import { auditRecordSchema, type NewRecord } from '../audit/record.ts';
import { reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { toFirestore } from './documents.ts';
import { parse, setIn, timeOfRead } from './stored.ts';

export const auditCollection = 'strongroomAudit';

/** Adds records to a commit, 1 write each. */
export function addRecords(
  db: Firestore,
  commit: WriteBatch | Transaction,
  records: readonly NewRecord[],
): void {
  for (const { id, record } of records) {
    const reference = db.collection(auditCollection).doc(id);
    // Not create: where the answer to the commit is lost, it comes again.
    setIn(commit, reference, toFirestore(record));
  }
}

/** The record that a page ended with. */
export interface AuditCursor {
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly id: string;
}

export interface AuditFilter {
  /** Null: what is no user's: keys, providers, receipts. */
  readonly uid: string | null;
  readonly limit: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly after?: AuditCursor;
}

/** Where the audit lives. Throws StrongroomError `unavailable`. */
export function createAuditStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const records = db.collection(auditCollection);

  return {
    /** 1 write. */
    async add({ id, record }: NewRecord): Promise<void> {
      await reachFirestore(() => records.doc(id).set(toFirestore(record)));
    },

    /** Newest first; 1 read each, at least 1. */
    async list({ uid, limit, since, after }: AuditFilter): Promise<NewRecord[]> {
      const whose = records.where('uid', '==', uid);
      const recent =
        since === undefined ? whose : whose.where('occurredAt', '>=', Timestamp.fromMillis(since));
      const ordered = recent.orderBy('occurredAt', 'desc').orderBy('__name__', 'desc').limit(limit);
      const query =
        after === undefined
          ? ordered
          : ordered.startAfter(Timestamp.fromMillis(after.occurredAt), after.id);
      const ask = () => timed(() => query.get(), timeOfRead);
      return (await reachFirestore(ask)).docs.map((snapshot) => ({
        id: snapshot.id,
        record: parse(snapshot, auditRecordSchema),
      }));
    },
  };
}

export type AuditStore = ReturnType<typeof createAuditStore>;
