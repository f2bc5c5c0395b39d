import * as v from 'valibot';
import { time } from '../store/documents.ts';
import type { AuditLevel } from './level.ts';

/**
 * `user`: the owner himself; `service`: the app's own functions, or a backend with an access
 * token of its own; `suite`: this suite by itself, on schedule or after an event; `operator`: the team, by a command.
 */
const actor = v.picklist(['user', 'service', 'suite', 'operator']);

const common = { actor, occurredAt: time, deleteAt: time };
const nobodys = { ...common, uid: v.null() };
const users = { ...common, uid: v.string() };
const connections = { ...users, connectionId: v.string(), provider: v.string() };
const providers = { ...nobodys, provider: v.string() };
/** A client of an authorization server: its name there, and which server that is. */
const service = { service: v.string(), issuer: v.string() };
/** What a service asked for in the name of a user, whatever came of it. */
const services = { ...users, ...service, connectionId: v.nullable(v.string()), method: v.string() };
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * `strongroomAudit/{id}`: who did what to which connection. Closed to every client, never changed.
 * Nothing secret and nothing of the account is in it: identifiers and stable codes only.
 */
export const auditRecordSchema = v.variant('type', [
  /** A user consented: to a new connection, or once more to one that he had; or the team imported one. */
  v.object({ type: v.literal('connected'), ...connections, renewed: v.boolean() }),
  /** An authorization came to nothing; `code` is what the caller was told. */
  v.object({
    type: v.literal('connect_refused'),
    ...users,
    provider: v.string(),
    code: v.string(),
  }),
  v.object({ type: v.literal('refreshed'), ...connections, generation: v.number() }),
  /** A refresh found the grant gone; `reason` as in the status document. */
  v.object({ type: v.literal('needs_reauth'), ...connections, reason: v.string() }),
  v.object({ type: v.literal('recovered'), ...connections }),
  /** Its owner was found disabled, or signed out everywhere; he came back. */
  v.object({ type: v.literal('paused'), ...connections, cause: v.string() }),
  v.object({ type: v.literal('resumed'), ...connections }),
  /** An access token left the vault; of the app's own functions no service is named. */
  v.object({
    type: v.literal('token_released'),
    ...connections,
    ...v.partial(v.object(service)).entries,
  }),
  /** What the user has connected. */
  v.object({ type: v.literal('service_read'), ...services }),
  /** To connect, or to disconnect. What came of it has a record of its own, as if the user did it. */
  v.object({ type: v.literal('service_acted'), ...services }),
  /** The provider's API. The path is not recorded: it can name people. */
  v.object({ type: v.literal('service_called'), ...services }),
  /** A service asked for what it may not. At most one per service and minute and instance. */
  v.object({ type: v.literal('service_refused'), ...nobodys, ...service, code: v.string() }),
  v.object({ type: v.literal('disconnected'), ...connections, cause: v.string() }),
  /**
   * A connection ended and its grant may live on at the provider; `reason` is `not_offered`,
   * `reconnected`, or the code of the last failure. Of a forgotten user only the provider is told.
   */
  v.object({
    type: v.literal('grant_not_revoked'),
    ...common,
    uid: v.nullable(v.string()),
    connectionId: v.nullable(v.string()),
    provider: v.nullable(v.string()),
    reason: v.string(),
  }),
  /** A sealed value did not open at its place. At most one per place and minute and instance. */
  v.object({
    type: v.literal('tampering'),
    ...common,
    uid: v.nullable(v.string()),
    connectionId: v.nullable(v.string()),
    field: v.string(),
    generation: v.number(),
  }),
  /** The receipt of a deletion: proves that `uid` was forgotten to whoever knows it already. */
  v.object({
    type: v.literal('user_forgotten'),
    ...nobodys,
    salt: v.string(),
    /** SHA-256 of salt and uid, base64url. */
    uidHash: v.string(),
    /** Connections that were ended, and grants of them that were still to be revoked then. */
    connections: count,
    pending: count,
    beganAt: time,
  }),
  /** Something happened to a version of the keyring. */
  v.object({
    type: v.literal('key'),
    ...nobodys,
    event: v.picklist(['created', 'rotation_begun', 'rotation_finished', 'disabled', 'destroyed']),
    version: v.string(),
  }),
  v.object({ type: v.literal('provider_down'), ...providers, reason: v.string() }),
  v.object({ type: v.literal('provider_recovered'), ...providers }),
]);

export type AuditRecord = v.InferOutput<typeof auditRecordSchema>;
export type AuditType = AuditRecord['type'];

/** From which level on a record is kept: what no budget names is always. */
export const levelOf = {
  connected: 'connections',
  connect_refused: 'essential',
  refreshed: 'everything',
  needs_reauth: 'essential',
  recovered: 'connections',
  paused: 'essential',
  resumed: 'essential',
  token_released: 'essential',
  service_read: 'everything',
  service_acted: 'essential',
  service_called: 'everything',
  service_refused: 'essential',
  disconnected: 'connections',
  grant_not_revoked: 'essential',
  tampering: 'essential',
  user_forgotten: 'essential',
  key: 'essential',
  provider_down: 'essential',
  provider_recovered: 'essential',
} as const satisfies Record<AuditType, AuditLevel>;

type WithoutTimes<R> = R extends AuditRecord ? Omit<R, 'occurredAt' | 'deleteAt'> : never;

/** What there is to record; when, and for how long, is added as it is written. */
export type AuditFact = WithoutTimes<AuditRecord>;

/** A record that is written in the same commit as the change that it tells of. */
export interface NewRecord {
  readonly id: string;
  readonly record: AuditRecord;
}
