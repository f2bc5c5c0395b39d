import type { ErrorDetails } from '../errors.ts';

/**
 * `active`; `needs_reauth`: its user must connect it again; `paused`: its owner is disabled or
 * signed out everywhere.
 */
export type ConnectionStatus = 'active' | 'needs_reauth' | 'paused';

/** Why a connection needs its user. */
export type ReauthReason = 'revoked' | 'interrupted' | 'no_refresh_token';

/** The account at the provider, as far as it told. */
export interface Account {
  /** The provider's own identifier of the account (`sub`). */
  readonly subject?: string;
  readonly name?: string;
  readonly email?: string;
}

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

/** The caller as the use cases know him; every one of them works on his own connections only. */
export interface Caller {
  readonly uid: string;
}

export type Reason = NonNullable<ErrorDetails['reason']>;
