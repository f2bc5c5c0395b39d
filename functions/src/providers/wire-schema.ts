import * as v from 'valibot';
import { headerNameSchema, pathSchema, text } from './primitives.ts';
import { isQuirkName } from './quirks/quirks.ts';
import { urlTemplateSchema } from './template.ts';

/** Parameters of the protocol that providers are known to call otherwise. */
const renamed = [
  'client_id',
  'client_secret',
  'code',
  'refresh_token',
  'scope',
  'state',
  'grant_type',
  'redirect_uri',
] as const;

/** Members of a token answer (RFC 6749 §5.1, §5.2) and others' names for an end. */
export const answerMembers = [
  'access_token',
  'refresh_token',
  'id_token',
  'token_type',
  'expires_in',
  /** A point in time, as seconds or milliseconds since the epoch or as ISO 8601. */
  'expires_at',
  'refresh_token_expires_in',
  'scope',
  'error',
] as const;

const nameSchema = v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/, 'must be the name of a parameter'));

/** How a grant is ended, where not by RFC 7009. `{token}`: the token; `{client_id}`; names of `keep`. */
const revocationSchema = v.strictObject({
  method: v.optional(v.picklist(['POST', 'DELETE', 'GET']), 'POST'),
  /** How the request is authenticated: as our client, or as the user. */
  by: v.optional(v.picklist(['client', 'client_secret_basic', 'access_token', 'none']), 'client'),
  /** How `parameters` travel. */
  format: v.optional(v.picklist(['form', 'json', 'query']), 'form'),
  /** Which tokens are named, one request each. */
  tokens: v.optional(v.array(v.picklist(['refresh_token', 'access_token'])), [
    'refresh_token',
    'access_token',
  ]),
  parameters: v.optional(v.record(nameSchema, text), { token: '{token}' }),
  headers: v.optional(v.record(headerNameSchema, text), {}),
});

export type RevocationShape = v.InferOutput<typeof revocationSchema>;

/** How a provider's token requests and answers differ from the standards. */
export const wireEntries = {
  /** Named strategies (`quirks/`), the first outermost; see docs/catalogue.md. */
  quirks: v.optional(
    v.array(v.pipe(v.string(), v.check(isQuirkName, 'must be the name of a quirk'))),
    [],
  ),
  /** What the provider calls parameters of the protocol: `{"client_id": "client_key"}`. */
  parameterNames: v.optional(v.record(v.picklist(renamed), nameSchema), {}),
  /** Where members are in a token answer: `{"access_token": "authed_user.access_token"}`. */
  answerPaths: v.optional(v.record(v.picklist(answerMembers), pathSchema), {}),
  /** Where tokens are refreshed, where that is not the token endpoint. */
  refreshEndpoint: v.exactOptional(urlTemplateSchema),
  /** How `revocationEndpoint` is asked, where not by RFC 7009. */
  revocation: v.exactOptional(revocationSchema),
};
