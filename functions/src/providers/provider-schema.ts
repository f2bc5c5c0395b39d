import * as v from 'valibot';
import { apiEntries } from './api-schema.ts';
import { authorizationEndpoints, authorizationEntries } from './authorization-schema.ts';
import { clientEntries } from './client-schema.ts';
import {
  apiKeyEntries,
  basicEntries,
  clientCredentialsEntries,
  jwtBearerEntries,
} from './credentials-schema.ts';
import { grantEntries } from './grant-schema.ts';
import { lifeSchema, rotateSchema } from './life-schema.ts';
import { scopeSchema, text, urlSchema } from './primitives.ts';
import { profileSchema } from './profile-schema.ts';
import { signInSchema } from './sign-in-schema.ts';
import { urlTemplateSchema } from './template.ts';
import { variableNameSchema, variableSchema } from './variable-schema.ts';
import { wireEntries } from './wire-schema.ts';

const common = {
  name: text,
  logo: v.optional(urlSchema),
  /** Offered to users; asked for when a connection names none of its own. */
  scopes: v.optional(v.array(scopeSchema), []),
  scopeSeparator: v.optional(v.picklist([' ', ',']), ' '),
  ...apiEntries,
  /** What users are asked for when they connect, for the places of `{name}` in addresses. */
  variables: v.optional(v.record(variableNameSchema, variableSchema), {}),
  /** Where the API tells whose an account is, where neither ID token nor userinfo does. */
  profile: v.exactOptional(profileSchema),
  /** Lets `connections-token` hand the access token to the user's client. Default: no. */
  allowTokenRelease: v.optional(v.boolean(), false),
  life: v.optional(lifeSchema, {}),
  rotate: v.optional(rotateSchema, {}),
};

/** What users authorize in their browser (RFC 6749 §4.1). */
const authorizing = {
  ...common,
  ...clientEntries,
  ...authorizationEntries,
  ...grantEntries,
  ...wireEntries,
  signIn: v.exactOptional(signInSchema),
  /** RFC 7009, or as `revocation` says; of `oidc`: where discovery names none. */
  revocationEndpoint: v.optional(urlTemplateSchema),
  /** RFC 7662. */
  introspectionEndpoint: v.exactOptional(urlTemplateSchema),
};

/** A provider whose endpoints are found by discovery (OpenID Connect Discovery 1.0, RFC 8414). */
const oidcSchema = v.strictObject({
  kind: v.literal('oidc'),
  issuer: urlSchema,
  ...authorizing,
  scopes: v.optional(common.scopes.wrapped, ['openid']),
});

/** A provider whose endpoints are written down. */
const oauth2Schema = v.strictObject({
  kind: v.literal('oauth2'),
  /** Given: the `iss` parameter of RFC 9207 must equal it whenever it is sent. */
  issuer: v.optional(urlSchema),
  /** The provider promises to send `iss` (RFC 9207 §3). Default: no. */
  sendsIssuer: v.optional(v.boolean(), false),
  authorizationEndpoint: urlTemplateSchema,
  tokenEndpoint: urlTemplateSchema,
  userinfoEndpoint: v.optional(urlTemplateSchema),
  deviceAuthorizationEndpoint: v.optional(urlTemplateSchema),
  ...authorizationEndpoints,
  ...authorizing,
});

/** Providers to which a connection comes by credentials that somebody hands over. */
const credentialSchemas = [
  v.strictObject({ ...common, ...apiKeyEntries }),
  v.strictObject({ ...common, ...basicEntries }),
  v.strictObject({ ...common, ...clientCredentialsEntries }),
  v.strictObject({ ...common, ...jwtBearerEntries }),
] as const;

export const providerSchema = v.variant('kind', [oidcSchema, oauth2Schema, ...credentialSchemas]);
