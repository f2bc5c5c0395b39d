import { createEgress } from '../../../functions/src/egress/egress.ts';
import { fetchThrough } from '../../../functions/src/egress/fetch.ts';
import {
  type AccessToken,
  createAccessTokenVerifier,
} from '../../../functions/src/identity/access-token.ts';
import { BearerRefusal, bearerTokenOf } from '../../../functions/src/identity/bearer.ts';
import { systemClock } from '../../../functions/src/platform/clock.ts';
import { readEnvironment } from '../../../functions/src/platform/environment.ts';
import { Misconfigured } from './problem.ts';

/** What of a request is asked for. */
interface Guarded {
  readonly rawHeaders: readonly string[];
}

/**
 * Lets requests in by their access tokens: of the issuer `PARTS_ISSUER`, for the audience
 * `PARTS_AUDIENCE`, with the scope that is needed. Without these variables nobody is let in.
 *
 * @throws Misconfigured where they are missing.
 */
export function createGuard(variables: Readonly<Record<string, string | undefined>>) {
  const { PARTS_ISSUER: issuer, PARTS_AUDIENCE: audience } = variables;
  if (!issuer || !audience) {
    throw new Misconfigured('Set PARTS_ISSUER and PARTS_AUDIENCE, in .env of this codebase.');
  }
  const allowLoopback = readEnvironment(variables).mode === 'sandbox';
  const verify = createAccessTokenVerifier({
    issuer,
    audience,
    clock: systemClock,
    fetch: fetchThrough(createEgress({ allowLoopback }), { timeoutMs: 5_000, maxBytes: 131_072 }),
    allowInsecure: allowLoopback,
  });

  /** @throws BearerRefusal, IssuerUnavailable */
  return async ({ rawHeaders }: Guarded, scope: string | undefined): Promise<AccessToken> => {
    const token = bearerTokenOf(rawHeaders);
    if (token === undefined) throw new BearerRefusal('Send an access token.');
    const verified = await verify(token);
    if (scope !== undefined && !verified.scopes?.includes(scope)) {
      const message = `The access token lacks the scope ${scope}.`;
      throw new BearerRefusal(message, 'insufficient_scope', scope);
    }
    return verified;
  };
}
