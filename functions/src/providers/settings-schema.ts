import * as v from 'valibot';
import { auditDefaults, auditLevels } from '../audit/level.ts';
import { eventTypes } from '../events/event.ts';
import { servicesSchema } from '../identity/service-settings.ts';
import { positive, providerIdSchema, urlSchema } from './primitives.ts';
import { providerSchema } from './provider-schema.ts';

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
  providers: v.record(providerIdSchema, providerSchema),
  events: v.optional(eventsSchema),
  audit: v.optional(auditSchema),
  keys: v.optional(keysSchema),
  services: v.optional(servicesSchema),
});

export type Settings = v.InferOutput<typeof settingsSchema>;
export type AppSettings = Settings['app'];
type ProviderSettings = Settings['providers'][string];

/** A provider: its settings, and the id by which they were found. */
export type Provider = ProviderSettings & {
  readonly id: string;
  /** Where it sends users back to. */
  readonly redirectUri?: string;
};

/** One that users authorize in their browser. */
export type AuthorizingProvider = Extract<Provider, { kind: 'oidc' | 'oauth2' }>;
/** One whose tokens are asked for with credentials, without a browser. */
export type MachineProvider = Extract<Provider, { kind: 'client-credentials' | 'jwt-bearer' }>;
/** One whose API takes what the user handed over as it is. */
export type KeyProvider = Extract<Provider, { kind: 'api-key' | 'basic' }>;
