import * as v from 'valibot';
import { apiEntries } from './api-schema.ts';
import { lifeSchema, rotateSchema } from './life-schema.ts';
import { scopeSchema, text, urlSchema } from './primitives.ts';

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
  ...apiEntries,
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

export const providerSchema = v.variant('kind', [oidcSchema, oauth2Schema]);
