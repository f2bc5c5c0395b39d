import type { Firestore, Transaction, WriteBatch } from 'firebase-admin/firestore';
import type { NewRecord } from '../audit/record.ts';
import { addRecords } from './audit-store.ts';
import type { NewEvent } from './event-documents.ts';
import { addEvents } from './event-store.ts';
import { addProgress, type Progress } from './forgetting-store.ts';

/** What is written in the same commit as the change that it tells of. */
export type Companion = NewEvent | NewRecord | Progress;

/** Whether it is to be delivered. */
export function isEvent(companion: Companion): companion is NewEvent {
  return 'document' in companion;
}

/** Adds them to a commit; 1 write each. */
export function addCompanions(
  db: Firestore,
  commit: WriteBatch | Transaction,
  companions: readonly Companion[],
): void {
  addEvents(db, commit, companions.filter(isEvent));
  const records = companions.filter((companion) => 'record' in companion);
  addRecords(db, commit, records);
  for (const companion of companions) {
    if ('forgetting' in companion) addProgress(db, commit, companion);
  }
}
