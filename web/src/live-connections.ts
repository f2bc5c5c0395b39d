import { collection, type Firestore, onSnapshot, Timestamp } from 'firebase/firestore';
import { isRecord } from '../../client/src/errors.ts';
import type {
  Account,
  Connection,
  ConnectionStatus,
  ReauthReason,
} from '../../client/src/types.ts';

const statuses: readonly ConnectionStatus[] = ['active', 'needs_reauth', 'paused'];
const reasons: readonly ReauthReason[] = [
  'revoked',
  'interrupted',
  'no_refresh_token',
  'account_changed',
];

/**
 * Tells of the user's connections now and whenever one of them changes, oldest first. The status
 * documents are all that the rules let a client read.
 *
 * @returns how to stop
 */
export function watchConnections(
  firestore: Firestore,
  uid: string,
  tell: (connections: readonly Connection[]) => void,
  fail: (error: unknown) => void,
): () => void {
  return onSnapshot(
    collection(firestore, 'strongroom', uid, 'connections'),
    (snapshot) => {
      const connections = snapshot.docs.map((document) =>
        readConnection(document.id, document.data()),
      );
      tell(connections.sort((one, other) => one.createdAt.localeCompare(other.createdAt)));
    },
    fail,
  );
}

function readConnection(id: string, data: Readonly<Record<string, unknown>>): Connection {
  const { provider, scopes, needsReauthAt, reauthDueInDays } = data;
  const isAhead = needsReauthAt instanceof Timestamp && data['status'] !== 'needs_reauth';
  const reason = reasons.find((known) => known === data['reason']);
  return {
    id,
    provider: typeof provider === 'string' ? provider : '',
    status: statuses.find((status) => status === data['status']) ?? 'paused',
    ...(reason !== undefined && { reason }),
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [],
    account: readAccount(data['account']),
    ...(isAhead && { needsReauthAt: needsReauthAt.toDate().toISOString() }),
    ...(isAhead && typeof reauthDueInDays === 'number' && { reauthDueInDays }),
    createdAt: readTime(data['createdAt']),
    updatedAt: readTime(data['updatedAt']),
  };
}

function readAccount(data: unknown): Account {
  if (!isRecord(data)) return {};
  const claims = ['subject', 'name', 'email'].map((name) => [name, data[name]]);
  return Object.fromEntries(claims.filter(([, value]) => typeof value === 'string'));
}

function readTime(value: unknown): string {
  return value instanceof Timestamp ? value.toDate().toISOString() : String(value ?? '');
}
