import * as v from 'valibot';
import { auditDefaults, auditLevels } from '../audit/level.ts';
import { eventTypes } from '../events/event.ts';

/** An identifier of a provider, as clients name it: `spotify`, `sandbox-oauth2`. */
export const providerIdSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
);

const urlSchema = v.pipe(v.string(), v.url('must be an absolute URL'));
const text = v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048));

/** A scope token (RFC 6749 §3.3). */
export const scopeSchema = v.pipe(
  v.string(),
  v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope token of RFC 6749 §3.3'),
);

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Firestore knows no dates that are thousands of years away. */
const limitSeconds = v.pipe(
  positive,
  v.maxValue(100 * 366 * 86_400, 'must be a hundred years at most'),
);
/** RFC 6749 §5.2. */
const errorCodeSchema = v.pipe(
  v.string(),
  v.regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'must be an error code of RFC 6749 §5.2'),
);

/** How the provider's refresh tokens behave. */
const rotationSchema = v.picklist(['none', 'rotates', 'rotates-with-grace']);

/** Facts about how the provider's tokens live; each is optional and has a safe default. */
const lifeSchema = v.strictObject({
  /** Default `rotates`: the refresh token is spent by its use. */
  rotation: v.optional(rotationSchema, 'rotates'),
  /** Lifetime of an access token, in seconds, where the provider's answer does not tell. */
  accessTokenSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** How long before expiry rotation refreshes, in seconds. Default: see `refresh/due.ts`. */
  refreshLeadSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** A refresh token that is not used for that long dies, in seconds. */
  refreshTokenIdleSeconds: v.optional(limitSeconds),
  /** A grant dies that long after its user consented, in seconds, however often it is used. */
  refreshTokenAbsoluteSeconds: v.optional(limitSeconds),
  /** A grant can be refreshed that often. */
  refreshTokenMaxUses: v.optional(positive),
  /** Error codes of the token endpoint, beside RFC 6749's, by which a grant is gone. */
  permanentErrors: v.optional(v.array(errorCodeSchema), []),
  /** Error codes of the token endpoint, beside RFC 6749's, that pass by themselves. */
  transientErrors: v.optional(v.array(errorCodeSchema), []),
});

/** What the team chooses about refreshing ahead of expiry, on schedule. */
const rotateSchema = v.strictObject({
  /**
   * `always`; `used`: connections that were used in the last `usedWithinDays`; `keep-alive`: only as
   * often as the refresh token's idle limit asks for.
   */
  policy: v.optional(v.picklist(['always', 'used', 'keep-alive']), 'always'),
  usedWithinDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 30),
  /** Token requests of the schedule to this provider, per second. */
  perSecond: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(1_000)), 10),
  /** Token requests of one batch to this provider at the same time. */
  concurrency: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 10),
});

const common = {
  name: text,
  logo: v.optional(urlSchema),
  clientId: text,
  /**
   * One, or two while a secret is being replaced: the second is tried on `invalid_client`. Empty for
   * `none`.
   */
  clientSecrets: v.optional(v.pipe(v.array(text), v.maxLength(2)), []),
  clientAuthentication: v.optional(
    v.picklist(['client_secret_basic', 'client_secret_post', 'none']),
    'client_secret_basic',
  ),
  /** Offered to users; asked for when a connection names none of its own. */
  scopes: v.optional(v.array(scopeSchema), []),
  scopeSeparator: v.optional(v.picklist([' ', ',']), ' '),
  /** Extra parameters of the authorization request: `{"prompt": "consent"}`. */
  authorizationParameters: v.optional(v.record(v.string(), v.string()), {}),
  apiBaseUrl: urlSchema,
  /** Methods that callers may use through the vault. */
  methods: v.optional(v.array(v.picklist(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])), [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
  ]),
  /** Request headers that callers may set besides the usual ones; lower case. */
  requestHeaders: v.optional(
    v.array(v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'must be a header name in lower case'))),
    [],
  ),
  /** Whether an answer that repeats the access token is given with asterisks in its place. */
  redactEchoes: v.optional(v.boolean(), true),
  /** Lets `connections-token` hand the access token to the user's client. Default: no. */
  allowTokenRelease: v.optional(v.boolean(), false),
  life: v.optional(lifeSchema, {}),
  rotate: v.optional(rotateSchema, {}),
};

/** A provider whose endpoints are found by discovery (OpenID Connect Discovery 1.0, RFC 8414). */
const oidcSchema = v.strictObject({ kind: v.literal('oidc'), issuer: urlSchema, ...common });

/** A provider whose endpoints are written down. */
const oauth2Schema = v.strictObject({
  kind: v.literal('oauth2'),
  /** Given: the `iss` parameter of RFC 9207 must equal it whenever it is sent. */
  issuer: v.optional(urlSchema),
  /** The provider promises to send `iss` (RFC 9207 §3). Default: no. */
  sendsIssuer: v.optional(v.boolean(), false),
  authorizationEndpoint: urlSchema,
  tokenEndpoint: urlSchema,
  revocationEndpoint: v.optional(urlSchema),
  userinfoEndpoint: v.optional(urlSchema),
  ...common,
});

const webhookSecretMessage = 'must be whsec_ and 24 to 64 random bytes in base64';

/** A signing secret of Standard Webhooks. */
const webhookSecretSchema = v.pipe(
  v.string(),
  v.regex(
    /^whsec_([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    webhookSecretMessage,
  ),
  v.check((secret) => {
    const { length } = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return length >= 24 && length <= 64;
  }, webhookSecretMessage),
);

/** Where the team's backend is told of what happens; see docs/events.md. */
const eventsSchema = v.strictObject({
  /** Default: all but `refreshed`. */
  types: v.optional(v.array(v.picklist(eventTypes))),
  webhook: v.optional(
    v.strictObject({
      url: urlSchema,
      /** One, or two while a secret is being replaced: both sign. */
      secrets: v.pipe(
        v.array(webhookSecretSchema),
        v.minLength(1, 'must not be empty'),
        v.maxLength(2, 'must be two at most'),
      ),
    }),
  ),
  eventarc: v.optional(
    v.strictObject({
      channel: v.pipe(
        v.string(),
        v.regex(
          /^locations\/[a-z\d-]{1,63}\/channels\/[a-z][a-z\d-]{0,62}$/,
          'must be locations/<region>/channels/<name>',
        ),
      ),
    }),
  ),
});

const days = v.pipe(positive, v.maxValue(3_650, 'must be ten years at most'));

export const keyDefaults = { rotateAfterDays: 90, destroyAfterDays: 30 } as const;

/** How long a version of the keyring lives; see docs/keys.md. */
const keysSchema = v.strictObject({
  /** The newest is that old: a new one follows it. */
  rotateAfterDays: v.optional(days, keyDefaults.rotateAfterDays),
  /** One that seals nothing any more is disabled; so long after that it is destroyed. */
  destroyAfterDays: v.optional(days, keyDefaults.destroyAfterDays),
});

/** What the audit keeps, and for how long; see docs/audit.md. */
const auditSchema = v.strictObject({
  records: v.optional(v.picklist(auditLevels), auditDefaults.records),
  keepDays: v.optional(
    v.pipe(positive, v.maxValue(3_660, 'must be ten years at most')),
    auditDefaults.keepDays,
  ),
});

/** The document in the secret `strongroom-providers`. */
export const settingsSchema = v.strictObject({
  app: v.strictObject({
    /** Registered with every provider; where the function `oauth` answers. */
    redirectUri: urlSchema,
    /** Where the callback page may hand a finished authorization to: URLs, matched by origin and
     *  path prefix, or deep links of apps (`com.example.app:/connected`), matched exactly. The
     *  first is the default. */
    returnTo: v.pipe(v.array(urlSchema), v.minLength(1, 'must not be empty')),
  }),
  providers: v.record(providerIdSchema, v.variant('kind', [oidcSchema, oauth2Schema])),
  events: v.optional(eventsSchema),
  audit: v.optional(auditSchema),
  keys: v.optional(keysSchema),
});

export type Settings = v.InferOutput<typeof settingsSchema>;
export type AppSettings = Settings['app'];
type ProviderSettings = Settings['providers'][string];

/** A provider: its settings, and the id by which they were found. */
export type Provider = ProviderSettings & { readonly id: string };
