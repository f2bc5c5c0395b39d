import * as v from 'valibot';
import { providerIdSchema, scopeSchema, text, urlSchema } from './primitives.ts';

const targets = (schema: typeof text | typeof urlSchema) => v.optional(v.array(schema), []);

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
   * Lets another account of the provider be asked for: by which parameter (Keycloak:
   * `requested_subject`), and for which accounts users may do so; the app's own functions for any.
   */
  account: v.exactOptional(
    v.strictObject({
      parameter: v.pipe(v.string(), v.regex(/^[a-z_]{1,64}$/, 'must be the name of a parameter')),
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
