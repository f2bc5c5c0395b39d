import * as v from 'valibot';
import { text, urlSchema, wireNameSchema } from './primitives.ts';

/** A token request in which an access token is spent, by a grant of the provider's own. */
const spendingEntries = {
  /** Default: the token endpoint; of `refresh`: `refreshEndpoint`, where there is one. */
  endpoint: v.exactOptional(urlSchema),
  /** `GET` puts the token into the address: only for a provider that takes nothing else. */
  method: v.optional(v.picklist(['POST', 'GET']), 'POST'),
  grantType: text,
  /** In which parameter the token goes. */
  tokenParameter: wireNameSchema,
  /** Whether the client authenticates, as it does elsewhere. */
  authenticated: v.optional(v.boolean(), true),
};

/**
 * A code gives a token that is good for an hour or two, to be exchanged at once for one that lives for
 * weeks.
 */
export const longLivedSchema = v.strictObject({
  ...spendingEntries,
  /** How that one is renewed, in the place of RFC 6749 §6: see the quirk `refresh-with-access-token`. */
  refresh: v.exactOptional(v.strictObject(spendingEntries)),
});

export type LongLivedToken = v.InferOutput<typeof longLivedSchema>;
