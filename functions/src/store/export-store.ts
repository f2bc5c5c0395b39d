import type { Firestore, Query, QueryDocumentSnapshot } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { reachFirestore } from '../platform/firestore.ts';
import {
  authorizationDocumentSchema,
  statusDocumentSchema,
  vaultDocumentSchema,
} from './documents.ts';
import { parse } from './stored.ts';

const vault = vaultDocumentSchema.entries;
/** What the vault's document says of a connection besides what is sealed. */
const heldSchema = v.object({
  provider: vault.provider,
  status: vault.status,
  obtainedAt: vault.obtainedAt,
  expiresAt: vault.expiresAt,
  grantedAt: vault.grantedAt,
  refreshes: vault.refreshes,
  usedAt: vault.usedAt,
});
const pending = authorizationDocumentSchema.entries;
const pendingSchema = v.object({
  provider: pending.provider,
  scopes: pending.scopes,
  returnTo: pending.returnTo,
  expiresAt: pending.expiresAt,
  usedAt: pending.usedAt,
  deleteAt: pending.deleteAt,
});

export type Held = v.InferOutput<typeof heldSchema>;

const pageSize = 500;

/** Reads all that is held of a user, without what is sealed. Throws StrongroomError `unavailable`. */
export function createExportStore(db: Firestore) {
  return {
    /** What is shown of connections, by their ids; 1 read each, at least 1. */
    statuses: (uid: string, max: number) =>
      allOf(
        db.collection('strongroom').doc(uid).collection('connections'),
        statusDocumentSchema,
        max,
      ),

    /** What the vault holds beside the sealed; 1 read each, at least 1. */
    held: (uid: string, max: number) =>
      allOf(
        db.collection('strongroomVault').where('uid', '==', uid),
        heldSchema,
        max,
        Object.keys(heldSchema.entries),
      ),

    /** 1 read each, at least 1. */
    authorizations: (uid: string, max: number) =>
      allOf(
        db.collection('strongroomAuthorizations').where('uid', '==', uid),
        pendingSchema,
        max,
        Object.keys(pendingSchema.entries),
      ),
  };
}

export type ExportStore = ReturnType<typeof createExportStore>;

/** In the order of their ids, by pages, `max` at most. */
async function allOf<S extends v.GenericSchema>(
  query: Query,
  schema: S,
  max: number,
  fields?: readonly string[],
): Promise<Map<string, v.InferOutput<S>>> {
  const ordered = query.orderBy('__name__');
  const selected = fields === undefined ? ordered : ordered.select(...fields);
  const found = new Map<string, v.InferOutput<S>>();
  let last: QueryDocumentSnapshot | undefined;
  while (found.size < max) {
    const limit = Math.min(pageSize, max - found.size);
    const after = last === undefined ? selected : selected.startAfter(last);
    const { docs } = await reachFirestore(() => after.limit(limit).get());
    for (const snapshot of docs) found.set(snapshot.id, parse(snapshot, schema));
    last = docs.at(-1);
    if (last === undefined || docs.length < limit) break;
  }
  return found;
}
