import * as v from 'valibot';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import { apiEntries } from './api-schema.ts';
import { clientEntries } from './client-schema.ts';
import { pathSchema, positive, text, urlSchema } from './primitives.ts';
import { urlTemplateSchema } from './template.ts';
import { wireEntries } from './wire-schema.ts';

/** A name as templates take it; `access_token` is what comes of the fields. */
const nameSchema = v.pipe(
  v.string(),
  v.regex(/^(?!access_token$)[a-zA-Z][a-zA-Z0-9_]{0,62}$/, 'must be a name such as api_key'),
);

/** What a user is asked for: one input of a form. */
const fieldSchema = v.strictObject({
  name: nameSchema,
  label: text,
  /** Shown beside it: where he finds it. */
  hint: v.exactOptional(text),
  /** A regular expression for all of its value, as the attribute `pattern` of HTML has it. */
  pattern: v.exactOptional(v.pipe(text, v.check(isPattern, 'must be a regular expression'))),
  /** Default: yes. What is not secret may stand in addresses, and name the account. */
  secret: v.optional(v.boolean(), true),
  optional: v.optional(v.boolean(), false),
  /** It has several lines: a key in PEM. */
  multiline: v.optional(v.boolean(), false),
});

export type CredentialField = v.InferOutput<typeof fieldSchema>;

function isPattern(value: string): boolean {
  try {
    new RegExp(`^(?:${value})$`, 'v');
    return true;
  } catch {
    return false;
  }
}

const statusSchema = v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(499));

/** A request to the API by which credentials are tried before they are kept. */
const verifySchema = v.strictObject({
  method: v.optional(v.picklist(['GET', 'HEAD', 'POST']), 'GET'),
  /** Below `apiBaseUrl`: `/me`. */
  path: v.pipe(v.string(), v.regex(/^\/[^?#\\\s]{0,1000}$/, 'must be a path such as /me')),
  /** By which the API says that they are good. */
  expect: v.optional(v.array(statusSchema), [200]),
  /** By which it says that they are not. Any other says nothing, and they are not kept. */
  refused: v.optional(v.array(statusSchema), [401, 403]),
  /** Where its JSON tells whose they are. */
  account: v.optional(
    v.strictObject({
      subject: v.exactOptional(pathSchema),
      name: v.exactOptional(pathSchema),
      email: v.exactOptional(pathSchema),
    }),
    {},
  ),
});

/** Credentials that a user hands over, through `connections-add`. */
const given = {
  /** Default: what the kind needs. */
  fields: v.exactOptional(v.pipe(v.array(fieldSchema), v.maxLength(20))),
  verify: v.exactOptional(verifySchema),
};

/** One key, or several, which the API takes as they are. */
export const apiKeyEntries = { kind: v.literal('api-key'), ...given };

/** A name and a password (RFC 7617). */
export const basicEntries = {
  kind: v.literal('basic'),
  ...given,
  credential: v.optional(apiEntries.credential.wrapped, {
    headers: { authorization: 'Basic {access_token}' },
  }),
  /** What goes before and after the colon, by the names of fields: `{email}/token`. */
  username: v.optional(v.string(), '{username}'),
  password: v.optional(v.string(), '{password}'),
};

const { clientId, ...client } = clientEntries;

/** An authorization server that gives tokens without a user's browser. */
const server = {
  ...given,
  ...client,
  /** The app's. Without it each user brings his own registration. */
  clientId: v.exactOptional(clientId),
  /** Endpoints are discovered from it where `tokenEndpoint` is not written down. */
  issuer: v.exactOptional(urlSchema),
  /** `{field}` stands for what the user gave: `https://{domain}.my.example.com/token`. */
  tokenEndpoint: v.exactOptional(urlTemplateSchema),
  /** The hosts that such a field may lead to. */
  tokenHosts: v.optional(apiEntries.apiHosts.wrapped, []),
  revocationEndpoint: v.exactOptional(urlSchema),
  introspectionEndpoint: v.exactOptional(urlSchema),
  ...wireEntries,
  /** Further parameters of the token request; `{field}` as above. */
  tokenParameters: v.optional(v.record(text, text), {}),
};

/** RFC 6749 §4.4. */
export const clientCredentialsEntries = {
  kind: v.literal('client-credentials'),
  ...server,
  /** For a provider that calls it otherwise: `account_credentials`. */
  grantType: v.optional(text, 'client_credentials'),
};

/** RFC 7523 §2.1. */
export const jwtBearerEntries = {
  kind: v.literal('jwt-bearer'),
  ...server,
  /** Default: `none`; the assertion is proof enough for most. */
  clientAuthentication: v.optional(client.clientAuthentication.wrapped, 'none'),
  /** The app's own. Without one each user brings his, in the field `private_key`. */
  assertionKeys: v.optional(client.clientKeys.wrapped, []),
  assertion: v.optional(
    v.strictObject({
      issuer: v.optional(text, '{client_id}'),
      /** Default: the issuer. */
      subject: v.exactOptional(text),
      /** Default: the token endpoint. */
      audience: v.exactOptional(text),
      /** Of a key that a user brings. Default: by the kind of key. */
      alg: v.exactOptional(v.picklist(signatureAlgorithms)),
      lifetimeSeconds: v.optional(v.pipe(positive, v.maxValue(3_600)), 60),
      /** Further claims; `{scope}` stands for the scopes, where they are wanted here. */
      claims: v.optional(v.record(text, text), {}),
    }),
    {},
  ),
};
