/** `paused`: its owner is disabled or signed out everywhere. */
export type ConnectionStatus = 'active' | 'needs_reauth' | 'paused';

/** Why a connection needs its user. */
export type ReauthReason = 'revoked' | 'interrupted' | 'no_refresh_token' | 'account_changed';

/** What providers-list tells of a provider. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  /** URL of an image. */
  readonly logo?: string;
  /**
   * How a connection comes to be: `authorization_code`; by `connections.add`: `api_key`, `basic`,
   * `client_credentials`, `jwt_bearer`.
   */
  readonly credentials: string;
  /** What `connections.add` asks for; empty where the app has its own. */
  readonly fields?: readonly CredentialField[];
  /** The scopes on offer. */
  readonly scopes: readonly string[];
  /** What `connections.begin` asks for by these names; absent: nothing. */
  readonly variables?: Readonly<Record<string, Variable>>;
}

/** What is another for each user: the subdomain of his workspace. */
export interface Variable {
  readonly label: string;
  readonly hint?: string;
  /** As the attribute `pattern` of an input. */
  readonly pattern: string;
  readonly example: string;
}

/** One input of the form by which a user hands credentials over. */
export interface CredentialField {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  /** As the attribute `pattern` of an input. */
  readonly pattern?: string;
  /** To be typed unseen. */
  readonly secret: boolean;
  readonly optional: boolean;
  readonly multiline: boolean;
}

/** The account at the provider, as far as it told. */
export interface Account {
  /** The provider's own identifier of the account (`sub`). */
  readonly subject?: string;
  readonly name?: string;
  readonly email?: string;
}

/** One user's authorization at one account of a provider. No token is in it. */
export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly status: ConnectionStatus;
  /** Where the status is `needs_reauth`. */
  readonly reason?: ReauthReason;
  readonly scopes: readonly string[];
  readonly account: Account;
  /** ISO 8601; when it will need reconnecting although nothing is wrong, as far as known. */
  readonly needsReauthAt?: string;
  /** How many days ahead of that its user was warned last: 14 or 3. */
  readonly reauthDueInDays?: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/** What connecting an account answers. */
export interface Connected extends Connection {
  /** `false`: the account was connected already; its connection has been put in order. */
  readonly created: boolean;
  /** Scopes that were asked for and not granted; absent: none. */
  readonly refusedScopes?: readonly string[];
}

export interface BeginRequest {
  readonly provider: string;
  /** Reconnects this connection instead of making another one. */
  readonly connectionId?: string;
  /** A part of the provider's scopes; all by default. With `connectionId`: beside those it has. */
  readonly scopes?: readonly string[];
  /** Who is expected to sign in at the provider (OIDC Core §3.1.2.1 `login_hint`). */
  readonly loginHint?: string;
  /** Parameters for the provider that the settings let callers choose: `{ prompt: 'login' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** By the names of the provider's `variables`; all of them. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where the answer goes: an address of the allow-list in the settings. */
  readonly returnTo?: string;
}

export interface AddRequest {
  readonly provider: string;
  /** By the names of the provider's `fields`. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** Reconnects this connection instead of making another one. */
  readonly connectionId?: string;
  /** A part of the provider's scopes; all of them by default. */
  readonly scopes?: readonly string[];
}

export interface Begun {
  readonly authorizationUrl: string;
  readonly state: string;
  /** Of the page that hands the provider's answer on: no message from elsewhere is one. */
  readonly callbackOrigin: string;
  /** ISO 8601; the authorization must be completed before. */
  readonly expiresAt: string;
}

export interface BeginDeviceRequest {
  readonly provider: string;
  /** Reconnects this connection instead of making another one. */
  readonly connectionId?: string;
  /** A part of the provider's scopes; all of them by default. */
  readonly scopes?: readonly string[];
  /** By the names of the provider's `variables`; all of them. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What to show the user: where to go, and the code to enter there (RFC 8628 §3.2). */
export interface BegunDevice {
  readonly state: string;
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it, for a QR code. */
  readonly verificationUriComplete?: string;
  /** How long to wait before each poll. */
  readonly intervalSeconds: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** Whether the user has entered the code; if not yet, when to ask again. */
export type PolledDevice =
  | { readonly status: 'pending' | 'slow_down'; readonly retryAfterSeconds: number }
  | { readonly status: 'connected'; readonly connection: Connection };

export interface ProfileRequest {
  readonly connectionId: string;
  /** Also gives what the provider itself told, unchecked. */
  readonly raw?: boolean;
}

/** Whose account it is, by the claims of OpenID Connect Core §5.1. Show it as text, never as markup. */
export interface ToldProfile {
  readonly profile: Readonly<Record<string, string | number | boolean>>;
  readonly source: 'id_token' | 'userinfo' | 'endpoint';
  readonly raw?: unknown;
}

/** What to exchange a connection's token for (RFC 8693); at least one of these, but `keep`. */
export interface ExchangeRequest {
  readonly connectionId: string;
  readonly audience?: string | readonly string[];
  readonly resource?: string | readonly string[];
  readonly scopes?: readonly string[];
  /** Another account of the provider. */
  readonly account?: string;
  /** Another of the user's connections to it, which acts for this one. */
  readonly actorConnectionId?: string;
  /** Keeps what comes as a connection; otherwise the token is answered, where settings allow it. */
  readonly keep?: boolean;
}

export type Exchanged =
  | { readonly connection: Connection }
  | {
      readonly accessToken: string;
      /** ISO 8601. */
      readonly expiresAt?: string;
      readonly scopes: readonly string[];
    };

/** What the provider answered, as the callback hands it on (RFC 6749 §4.1.2, RFC 9207). */
export type AuthorizationAnswer =
  | {
      readonly state: string;
      readonly code: string;
      readonly iss?: string;
      /** What the provider's data keeps of the rest. */
      readonly parameters?: Readonly<Record<string, string>>;
    }
  | {
      readonly state: string;
      readonly error: string;
      readonly errorDescription?: string;
      readonly iss?: string;
    };

export interface CallRequest {
  readonly connectionId: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the provider's API base URL; begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The provider's own answer, whatever its status. */
export interface CallAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or text, or base64 where `encoding` says so. */
  readonly data: unknown;
  readonly encoding?: 'base64';
}

export interface Disconnected {
  /** `false`: not yet, or it offers no revocation, or the grant was dead already. */
  readonly revoked: boolean;
  /** The provider cannot be reached now, and is told as soon as it can be. */
  readonly pending?: boolean;
}

export interface Forgotten {
  /** Connections that were ended. */
  readonly connections: number;
  /** Those among them whose provider is still to be told. */
  readonly pending: number;
}

export interface AuditRequest {
  /** 50 by default, 200 at most. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Absent: that was all. */
  readonly next?: string;
}

/** Something that was done with one of the user's connections. */
export interface AuditRecord {
  readonly id: string;
  readonly type: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  /** `user`, `service`, `suite` or `operator`. */
  readonly actor: string;
  /** What the type adds: `connectionId`, `provider`, `reason` … */
  readonly [field: string]: string | number | boolean | null;
}

/** A connection and what else is known of it; no token is in it. */
export interface ExportedConnection extends Partial<Connection> {
  readonly id: string;
  /** ISO 8601, as all times here: when its user consented last. */
  readonly grantedAt?: string;
  /** When the tokens that are held were given. */
  readonly tokensObtainedAt?: string;
  readonly accessTokenExpiresAt?: string;
  /** When it was last used, to the day. */
  readonly usedAt?: string;
  /** How often it has been refreshed since the consent. */
  readonly refreshes?: number;
}

/** An authorization that was begun; it is forgotten at `deletedAt`. */
export interface ExportedAuthorization {
  readonly provider: string;
  readonly scopes: readonly string[];
  readonly returnTo?: string;
  readonly expiresAt: string;
  /** When it was completed or refused. */
  readonly usedAt?: string;
  readonly deletedAt: string;
}

/** All that is held of the user, redacted. */
export interface Export {
  readonly version: 1;
  readonly exportedAt: string;
  readonly uid: string;
  readonly connections: readonly ExportedConnection[];
  readonly authorizations: readonly ExportedAuthorization[];
  /** Newest first; `next` is the `after` with which audit.list goes on. */
  readonly audit: AuditPage;
  /** False where a list was longer than the export has room for. */
  readonly isComplete: boolean;
}
