import * as v from 'valibot';
import { scopeSchema } from '../providers/primitives.ts';

/** What the REST API answers, as schemas: the types of the use cases, for whoever writes a client. */

const time = v.pipe(v.string(), v.isoTimestamp());
const text = v.string();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const credentialField = v.object({
  name: text,
  label: text,
  hint: v.exactOptional(text),
  pattern: v.exactOptional(text),
  secret: v.boolean(),
  optional: v.boolean(),
  multiline: v.boolean(),
});

const variable = v.object({
  label: text,
  hint: v.exactOptional(text),
  pattern: text,
  example: text,
});

export const provider = v.object({
  id: text,
  name: text,
  logo: v.optional(text),
  credentials: text,
  fields: v.exactOptional(v.array(credentialField)),
  scopes: v.array(scopeSchema),
  variables: v.exactOptional(v.record(text, variable)),
});

const connectionEntries = {
  id: text,
  provider: text,
  status: v.picklist(['active', 'needs_reauth', 'paused']),
  reason: v.optional(text),
  scopes: v.array(text),
  account: v.object({
    subject: v.optional(text),
    name: v.optional(text),
    email: v.optional(text),
  }),
  needsReauthAt: v.optional(time),
  reauthDueInDays: v.optional(v.number()),
  createdAt: time,
  updatedAt: time,
};
export const connection = v.object(connectionEntries);
export const connected = v.object({
  ...connectionEntries,
  created: v.boolean(),
  refusedScopes: v.optional(v.array(text)),
});

export const begun = v.object({
  authorizationUrl: text,
  state: text,
  callbackOrigin: text,
  expiresAt: time,
});

export const begunDevice = v.object({
  state: text,
  userCode: text,
  verificationUri: text,
  verificationUriComplete: v.optional(text),
  intervalSeconds: count,
  expiresAt: time,
});

export const polledDevice = v.union([
  v.object({ status: v.picklist(['pending', 'slow_down']), retryAfterSeconds: count }),
  v.object({ status: v.literal('connected'), connection: v.union([connected, connection]) }),
]);

export const toldProfile = v.object({
  profile: v.record(text, v.union([text, v.number(), v.boolean()])),
  source: v.picklist(['id_token', 'userinfo', 'endpoint']),
  raw: v.optional(v.unknown()),
});

export const disconnected = v.object({ revoked: v.boolean(), pending: v.optional(v.boolean()) });

export const forgotten = v.object({ connections: count, pending: count });

export const releasedToken = v.object({ accessToken: text, expiresAt: v.optional(time) });

export const exchanged = v.union([
  v.object({ connection: connected }),
  v.object({ ...releasedToken.entries, scopes: v.array(text) }),
]);

export const callResult = v.object({
  status: v.pipe(v.number(), v.integer()),
  headers: v.record(text, text),
  data: v.unknown(),
  encoding: v.optional(v.literal('base64')),
});

const record = v.objectWithRest(
  { id: text, type: text, occurredAt: time },
  v.union([text, v.number(), v.boolean(), v.null()]),
);
export const auditPage = v.object({ records: v.array(record), next: v.optional(text) });

export const exported = v.object({
  version: v.literal(1),
  exportedAt: time,
  uid: text,
  connections: v.array(
    v.object({
      ...v.partial(connection).entries,
      id: text,
      grantedAt: v.optional(time),
      tokensObtainedAt: v.optional(time),
      accessTokenExpiresAt: v.optional(time),
      usedAt: v.optional(time),
      refreshes: v.optional(count),
    }),
  ),
  authorizations: v.array(
    v.object({
      provider: text,
      scopes: v.array(text),
      returnTo: v.optional(text),
      expiresAt: time,
      usedAt: v.optional(time),
      deletedAt: time,
    }),
  ),
  audit: auditPage,
  isComplete: v.boolean(),
});

/** RFC 9457, with the stable code. */
export const problem = v.objectWithRest(
  {
    type: text,
    title: text,
    status: v.pipe(v.number(), v.integer()),
    detail: text,
    code: text,
  },
  v.unknown(),
);
