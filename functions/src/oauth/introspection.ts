import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import { within } from '../platform/within.ts';
import { quirksOf } from '../providers/quirks/quirks.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { asOAuthFailure, OAuthFailure } from './failure.ts';
import type { Party } from './party.ts';
import type { TokenSet } from './token-set.ts';

/** What a provider says of an access token (RFC 7662 §2.2). */
export interface Introspection {
  readonly isActive: boolean;
  /** How long it lives from now on, by the provider's own clock; undefined: it does not say. */
  readonly seconds: number | undefined;
}

/**
 * Asks a provider about an access token (RFC 7662).
 *
 * @returns undefined where it offers no introspection.
 * @throws OAuthFailure, StrongroomError
 */
export async function introspect(
  party: Party,
  accessToken: string,
): Promise<Introspection | undefined> {
  const { server, client, transport, provider } = party;
  if (server.introspection_endpoint === undefined) return undefined;
  const options = { ...transport, additionalParameters: { token_type_hint: 'access_token' } };
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await oauth.introspectionRequest(
        server,
        client,
        clientAuth,
        accessToken,
        options,
      );
      const told = await oauth.processIntrospectionResponse(server, client, response);
      return { isActive: told.active, seconds: secondsOf(told.exp, response.headers.get('date')) };
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  });
}

/** Its end, counted from when the provider said so: clocks may be minutes apart. */
function secondsOf(exp: unknown, date: string | null): number | undefined {
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return undefined;
  const saidAt = Date.parse(date ?? '');
  const seconds = Math.floor(exp - (Number.isNaN(saidAt) ? Date.now() : saidAt) / 1_000);
  return seconds >= 1 && seconds <= longestSeconds ? seconds : undefined;
}

/** As of what a token endpoint tells: more is no information. */
const longestSeconds = 100 * 366 * 86_400;

/** A question that may as well go without an answer must not outlast the lease. */
const longestWaitMs = 3_000;

/**
 * A token set with the end of its access token, where neither the answer nor the settings told it and
 * the provider's data says that it can be asked. A question that fails must not cost the token: then
 * it is taken to live as long as the one before, or its end stays unknown.
 *
 * @param previous the token set that it replaces. Where a refresh token was spent for it, nothing is
 *   asked: what was given must be written first.
 */
export async function withToldEnd(
  party: Party,
  tokenSet: TokenSet,
  previous?: TokenSet,
): Promise<TokenSet> {
  if (!isAsked(party.provider) || tokenSet.expiresAt !== undefined) return tokenSet;
  const isSpent = previous !== undefined && previous.refreshToken !== tokenSet.refreshToken;
  if (isSpent) return livingAsLongAs(previous, tokenSet);
  try {
    const late = () => new OAuthFailure('uncertain');
    const told = await within(longestWaitMs, introspect(party, tokenSet.accessToken), late);
    if (told?.isActive === false) throw inactive();
    if (told?.seconds === undefined) return livingAsLongAs(previous, tokenSet);
    return { ...tokenSet, expiresAt: tokenSet.obtainedAt + told.seconds * 1_000 };
  } catch (error) {
    log.introspectionFailed(party.provider.id, error);
    // Who has just connected loses nothing, and what does not work from the start never will.
    if (previous === undefined && error instanceof StrongroomError) throw error;
    return livingAsLongAs(previous, tokenSet);
  }
}

function isAsked(provider: Provider): boolean {
  const byQuirk = quirksOf(provider).some(({ introspects }) => introspects === true);
  return byQuirk || provider.life.introspect === true;
}

function livingAsLongAs(previous: TokenSet | undefined, tokenSet: TokenSet): TokenSet {
  if (previous?.expiresAt === undefined) return tokenSet;
  const lifetimeMs = previous.expiresAt - previous.obtainedAt;
  return { ...tokenSet, expiresAt: tokenSet.obtainedAt + lifetimeMs };
}

function inactive(): StrongroomError {
  return new StrongroomError(
    'provider_answer_invalid',
    'The provider says of the token that it has just given that it is not active (RFC 7662). Either ' +
      "it lets this app ask about its tokens, or the app's team leaves life.introspect, or the quirk no-expiry-introspect, out.",
  );
}
