import { Timestamp } from 'firebase-admin/firestore';
import * as v from 'valibot';

/** Firestore's timestamps, read as milliseconds since the epoch. */
export const time = v.pipe(
  v.instance(Timestamp),
  v.transform((timestamp) => timestamp.toMillis()),
);
const status = v.picklist(['active', 'needs_reauth', 'paused']);
const reason = v.picklist(['revoked', 'interrupted', 'no_refresh_token', 'account_changed']);

export const accountSchema = v.object({
  /** The provider's own identifier of the account (`sub`). */
  subject: v.exactOptional(v.string()),
  name: v.exactOptional(v.string()),
  email: v.exactOptional(v.string()),
});

/** `strongroom/{uid}/connections/{cid}`: what the owner may read live. */
export const statusDocumentSchema = v.object({
  provider: v.string(),
  status,
  reason: v.nullable(reason),
  scopes: v.array(v.string()),
  account: accountSchema,
  /** When the grant will end although nothing is wrong; null: not foreseen. */
  needsReauthAt: v.nullable(time),
  /** How many days ahead of that the user was last warned; null: not yet. */
  reauthDueInDays: v.nullable(v.number()),
  createdAt: time,
  updatedAt: time,
});

/** The exclusive right to spend the refresh token, and until when. */
const leaseSchema = v.object({ owner: v.string(), until: time });

/** What is about to be spent, written before it is: the refresh protocol's write-ahead journal. */
const journalSchema = v.object({
  attempt: v.string(),
  /** SHA-256 of the refresh token, base64url. */
  refreshTokenHash: v.string(),
  startedAt: time,
});

/** Since when a connection is paused, and what rotation would have done meanwhile. */
const pauseSchema = v.object({ pausedAt: time, refreshAt: v.nullable(time) });

/** `strongroomVault/{cid}`: closed to every client. */
export const vaultDocumentSchema = v.object({
  uid: v.string(),
  provider: v.string(),
  status,
  reason: v.nullable(reason),
  /** Rises with every committed token set; the fence against late writers. */
  generation: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** The token set as JWE. One that was taken away is refused, and healed, as any that was altered. */
  sealed: v.fallback(v.string(), ''),
  /** The key version that sealed it; found by this when a version is to be retired. */
  keyVersion: v.string(),
  obtainedAt: time,
  expiresAt: v.nullable(time),
  /** When rotation is to refresh; null: never. */
  refreshAt: v.nullable(time),
  /** Means something as long as the status is `paused`. */
  pause: v.exactOptional(v.nullable(pauseSchema)),
  /** Spreads the index over `refreshAt`, which rises with time. */
  shard: v.number(),
  lease: v.nullable(leaseSchema),
  /** Nobody asks the provider for this connection before; null: anybody may. */
  retryAt: v.nullable(time),
  /** The provider's `error` (RFC 6749 §5.2), where the pause is for the team; null: any other. */
  refusedWith: v.nullable(v.string()),
  /** Attempts in a row that failed for a while: what the pause grows with. */
  failures: v.number(),
  journal: v.nullable(journalSchema),
  /** The finished authorization it came from: deleted with the connection. */
  authorization: v.nullable(v.string()),
  /** The document that finds it by its account (`account-store.ts`): deleted with the connection. */
  accountId: v.exactOptional(v.nullable(v.string())),
  /** The attempt that wrote this generation: how a writer knows its own commit again. */
  committedBy: v.nullable(v.string()),
  /** When its user consented last. */
  grantedAt: time,
  /** Refreshes since then. */
  refreshes: v.number(),
  /** When it was last used by a caller, to the day. */
  usedAt: time,
  /** As in the status document. */
  needsReauthAt: v.nullable(time),
  /** When the next warning of that is due; null: none. */
  warnAt: v.nullable(time),
  /** How many events this connection has had: what orders them. */
  events: v.number(),
});

/** `strongroom/{uid}/accounts/{hash of provider and subject}`: the connection of an account. */
export const accountDocumentSchema = v.object({ connectionId: v.string() });

/** How often a device's authorization may be asked after (RFC 8628 §3.5). */
const devicePaceSchema = v.object({
  intervalSeconds: v.pipe(v.number(), v.minValue(1)),
  /** Before, nobody asks: it is too early, or somebody is asking. */
  pollAt: time,
});

/** `strongroomAuthorizations/{hash of state}`: one pending authorization. */
export const authorizationDocumentSchema = v.object({
  uid: v.string(),
  provider: v.string(),
  /** The connection to be healed; null for a new one. */
  connectionId: v.nullable(v.string()),
  /** The account that connection is for, where it is known: another's will not do. */
  subject: v.nullable(v.string()),
  scopes: v.array(v.string()),
  /** PKCE verifier and nonce, or device code, as JWE; null once used. */
  sealed: v.fallback(v.nullable(v.string()), ''),
  /** Empty for a device's, which nobody is sent back from. */
  redirectUri: v.string(),
  returnTo: v.string(),
  /** What the callback page hands on besides: it reads no settings. */
  callbackParameters: v.exactOptional(v.array(v.string())),
  /** What the code is called there, where not `code`. */
  codeParameter: v.exactOptional(v.string()),
  /** Of a device's authorization only. */
  device: v.exactOptional(v.nullable(devicePaceSchema)),
  expiresAt: time,
  usedAt: v.nullable(time),
  /** The attempt that used it up: how a writer knows its own write again. */
  usedBy: v.nullable(v.string()),
  /** The TTL policy's field. */
  deleteAt: time,
});

/**
 * `active`; `needs_reauth`: its user must connect it again; `paused`: its owner is disabled or
 * signed out everywhere.
 */
export type ConnectionStatus = v.InferOutput<typeof status>;
/** Why a connection needs its user. */
export type ReauthReason = v.InferOutput<typeof reason>;
/** The account at the provider, as far as it told. */
export type Account = Readonly<v.InferOutput<typeof accountSchema>>;
export type StatusDocument = v.InferOutput<typeof statusDocumentSchema>;
export type VaultDocument = v.InferOutput<typeof vaultDocumentSchema>;
export type AuthorizationDocument = v.InferOutput<typeof authorizationDocumentSchema>;
export type DevicePace = v.InferOutput<typeof devicePaceSchema>;
export type Lease = v.InferOutput<typeof leaseSchema>;
export type Journal = v.InferOutput<typeof journalSchema>;

/** The state of a connection that works; in both of its documents. */
export const alive = { status: 'active', reason: null } as const;

/** Over how many shards the index of due connections is spread. */
export const shards = 4;

/** Times of these fields are written as Firestore timestamps; the schemas read them back. */
export function toFirestore(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, fieldToFirestore(name, field)]),
  );
}

const timeField = /At$|^until$/;

function fieldToFirestore(name: string, value: unknown): unknown {
  if (typeof value === 'number' && timeField.test(name)) return Timestamp.fromMillis(value);
  const isPlainObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlainObject ? toFirestore(value) : value;
}
