import type { Account, ConnectionStatus, ReauthReason } from '../store/documents.ts';

/** A connection as its owner may see it: nothing of it is secret. Times are ISO 8601. */
export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly status: ConnectionStatus;
  readonly reason?: ReauthReason;
  readonly scopes: readonly string[];
  readonly account: Account;
  /** When the account will have to be connected again although nothing is wrong, as far as known. */
  readonly needsReauthAt?: string;
  /** How many days ahead of that the user was warned last: 14 or 3. */
  readonly reauthDueInDays?: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What connecting an account answers. */
export interface Connected extends Connection {
  /** False: the connection was there before, and has been put in order. */
  readonly created: boolean;
  /** Scopes that were asked for and not granted, those among them that it had before; absent: none. */
  readonly refusedScopes?: readonly string[];
}
