import type { Caller } from '../identity/caller.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { StatusDocument } from '../store/documents.ts';
import { connectionNotFound } from '../store/refusals.ts';
import type { Connection } from './connection.ts';

/** The caller's connections, oldest first. Cost: 1 read each, at least 1. */
export function createList(store: ConnectionStore) {
  return async ({ uid }: Caller): Promise<Connection[]> => {
    const found = await store.listStatuses(uid);
    return found.map(({ id, document }) => connectionOf(id, document));
  };
}

/** One of the caller's connections. Cost: 1 read. @throws StrongroomError `connection_not_found` */
export function createGet(store: ConnectionStore) {
  return async ({ uid }: Caller, connectionId: string): Promise<Connection> => {
    const found = await store.readStatus(uid, connectionId);
    if (found === undefined) throw connectionNotFound();
    return connectionOf(connectionId, found);
  };
}

/** The status document as its owner is shown it. */
export function connectionOf(id: string, document: StatusDocument): Connection {
  const { provider, status, reason, scopes, account, createdAt, updatedAt } = document;
  const { needsReauthAt, reauthDueInDays } = document;
  const isAhead = needsReauthAt !== null && status !== 'needs_reauth';
  return {
    id,
    provider,
    status,
    ...(reason !== null && { reason }),
    scopes,
    account,
    ...(isAhead && { needsReauthAt: new Date(needsReauthAt).toISOString() }),
    ...(isAhead && reauthDueInDays !== null && { reauthDueInDays }),
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
