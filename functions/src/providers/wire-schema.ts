import * as v from 'valibot';
import { longLivedSchema } from './long-lived-schema.ts';
import { headerNameSchema, pathSchema, text, wireNameSchema } from './primitives.ts';
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
  'error_description',
] as const;

/**
 * How a grant is ended, where not by RFC 7009. `parameters` and `headers` are templates over `{token}`,
 * `{access_token}`, `{client_id}`, `{client_secret}` and the fields that are kept; so is the path of
 * `revocationEndpoint`, but for the client secret.
 */
const revocationSchema = v.strictObject({
  method: v.optional(v.picklist(['POST', 'DELETE', 'GET']), 'POST'),
  /**
   * As whom: `client`: by `clientAuthentication`; `access_token`: the user, by `credential`; `none`:
   * nobody, or by what `parameters` and `headers` say.
   */
  by: v.optional(v.picklist(['client', 'client_secret_basic', 'access_token', 'none']), 'client'),
  /** How `parameters` travel. */
  format: v.optional(v.picklist(['form', 'json', 'query']), 'form'),
  /** Which tokens `{token}` names, one request each; without it there is one request. */
  tokens: v.optional(
    v.pipe(
      v.array(v.picklist(['refresh_token', 'access_token'])),
      v.minLength(1, 'must not be empty'),
    ),
    ['refresh_token', 'access_token'],
  ),
  parameters: v.optional(v.record(wireNameSchema, text), { token: '{token}' }),
  headers: v.optional(v.record(headerNameSchema, text), {}),
  /** Statuses by which it says that there is no such grant, besides 401 to a user's token: `[404]`. */
  gone: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(499))), []),
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
  parameterNames: v.optional(v.record(v.picklist(renamed), wireNameSchema), {}),
  /** What its token endpoint calls them, where that is not what the others do. */
  tokenParameterNames: v.optional(v.record(v.picklist(renamed), wireNameSchema), {}),
  /** Where members are in a token answer: `{"access_token": "authed_user.access_token"}`. */
  answerPaths: v.optional(v.record(v.picklist(answerMembers), pathSchema), {}),
  /** What the provider's `token_type` calls a Bearer token (RFC 6750); lower case: `["bot"]`. */
  bearerNames: v.optional(v.array(v.pipe(text, v.toLowerCase())), []),
  /** Where tokens are refreshed, where that is not the token endpoint. */
  refreshEndpoint: v.exactOptional(urlTemplateSchema),
  /** How the token that a code gave is exchanged for one that lives longer. */
  longLivedToken: v.exactOptional(longLivedSchema),
  /** How `revocationEndpoint` is asked, where not by RFC 7009. */
  revocation: v.exactOptional(revocationSchema),
};
