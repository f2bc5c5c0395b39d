import type { Firestore, Transaction, WriteBatch } from 'firebase-admin/firestore';
import type { NewRecord } from '../audit/record.ts';
import { addRecords } from './audit-store.ts';
import type { NewEvent } from './event-documents.ts';
import { addEvents } from './event-store.ts';

/** What is written in the same commit as the change that it tells of. */
export type Companion = NewEvent | NewRecord;

export function isEvent(companion: Companion): companion is NewEvent {
  return 'document' in companion;
}

/** Adds events and records of the audit to a commit; 1 write each. */
export function addCompanions(
  db: Firestore,
  commit: WriteBatch | Transaction,
  companions: readonly Companion[],
): void {
  addEvents(db, commit, companions.filter(isEvent));
  addRecords(
    db,
    commit,
    companions.flatMap((companion) => (isEvent(companion) ? [] : [companion])),
  );
}
