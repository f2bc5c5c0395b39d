import * as v from 'valibot';
import { providerIdSchema, scopeSchema, text, urlSchema } from './primitives.ts';

const targets = (schema: typeof text | typeof urlSchema) => v.optional(v.array(schema), []);

/** RFC 8693 §2.1, RFC 6749 §2.3.1: what these hold is not for a caller to say. */
const reserved =
  /^(?:grant_type|client_.*|code|refresh_token|(?:subject|actor|requested)_token(?:_type)?|audience|resource|scope)$/;
const parameterSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z_]{1,64}$/, 'must be the name of a parameter'),
  v.check(
    (name) => !reserved.test(name),
    'must not name a parameter that the protocol sets itself',
  ),
);

/** What tokens of this provider may be exchanged for (RFC 8693); without it: for nothing. */
export const exchangeSchema = v.strictObject({
  /** Logical names of services, at which the new token may be used. */
  audiences: targets(text),
  /** The same as URIs (RFC 8707). */
  resources: targets(urlSchema),
  /** Scopes that may be asked for. */
  scopes: v.optional(v.array(scopeSchema), []),
  /** Lets the token of another connection of the same user here act for this one: delegation. */
  actors: v.optional(v.boolean(), false),
  /**
   * Lets another account of the provider be asked for: by which parameter
   * (`requested_subject`), and for which accounts users may do so; the app's own functions for any.
   */
  account: v.exactOptional(
    v.strictObject({
      parameter: parameterSchema,
      allowed: v.optional(v.array(text), []),
    }),
  ),
  /** What is sent as subject and actor. */
  subjectToken: v.optional(v.picklist(['access_token', 'id_token']), 'access_token'),
  /** Asked for where it is given; `refresh_token` where a kept connection is to be refreshed. */
  requestedTokenType: v.exactOptional(v.picklist(['access_token', 'refresh_token', 'jwt'])),
  /** The provider whose API takes the new token; a connection that is kept is one to it. */
  keepAs: v.exactOptional(providerIdSchema),
});

export type ExchangeSettings = v.InferOutput<typeof exchangeSchema>;
