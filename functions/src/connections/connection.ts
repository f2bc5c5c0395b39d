import type { Account, ConnectionStatus, ReauthReason } from '../store/documents.ts';

/** A connection as its owner may see it: nothing of it is secret. Times are ISO 8601. */
export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly status: ConnectionStatus;
  readonly reason?: ReauthReason;
  readonly scopes: readonly string[];
  readonly account: Account;
  readonly createdAt: string;
  readonly updatedAt: string;
}
