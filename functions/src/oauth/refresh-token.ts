import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { takesCredentials } from '../providers/credential-fields.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { asOAuthFailure, OAuthFailure } from './failure.ts';
import type { Party } from './party.ts';
import { provenRequest } from './proven-request.ts';
import { type MendedAnswer, mendTokenAnswer } from './token-answer.ts';
import type { TokenAnswer, TokenSet } from './token-set.ts';
import { refreshEndpointOf } from './wire-route.ts';

/** A token set with which a new one can be got. */
export type SpendableTokenSet = TokenSet & { readonly refreshToken: string };
type Spendable = Partial<TokenSet> & Pick<SpendableTokenSet, 'refreshToken'>;

/**
 * Spends a refresh token (RFC 6749 §6). One request; a second one only where the provider refused our
 * client secret and another is in force, or wants a nonce in the proof (RFC 9449 §8). What a failure
 * means for the token is for the caller to judge.
 *
 * @param mayAskAgain whether there is time for the second one.
 * @throws OAuthFailure
 */
export async function spendRefreshToken(
  party: Party,
  tokenSet: Spendable,
  mayAskAgain?: () => boolean,
): Promise<TokenAnswer> {
  return party.authenticated(
    (clientAuth) => spendOnce(party, clientAuth, tokenSet, mayAskAgain),
    mayAskAgain,
  );
}

async function spendOnce(
  party: Party,
  clientAuth: oauth.ClientAuth,
  { refreshToken, idToken, dpopKey }: Spendable,
  mayAskAgain: (() => boolean) | undefined,
): Promise<TokenAnswer> {
  const { server, client, transport, provider } = party;
  const additionalParameters = refreshParametersOf(provider);
  try {
    const ask = (headers: Record<string, string>) =>
      oauth.refreshTokenGrantRequest(server, client, clientAuth, refreshToken, {
        ...transport,
        headers,
        additionalParameters,
      });
    const endpoint = refreshEndpointOf(provider);
    const response = await provenRequest(party, dpopKey, ask, mayAskAgain, endpoint);
    const mended = await mendTokenAnswer(response);
    const answer = await processAnswer(party, mended);
    const [before, now] = [subjectOf(idToken), subjectOf(mended.told.id_token)];
    // OpenID Connect Core 1.0 §12.2.
    if (before !== undefined && now !== undefined && now !== before) {
      throw new OAuthFailure('account');
    }
    return answer;
  } catch (error) {
    throw asOAuthFailure(error, party.provider.life);
  }
}

/** The data's own, and the API that the token is for (RFC 8707 §2.2). */
function refreshParametersOf(provider: Provider): Record<string, string> {
  if (takesCredentials(provider)) return {};
  const { refreshParameters, resource } = provider;
  return { ...refreshParameters, ...(resource !== undefined && { resource }) };
}

async function processAnswer({ server, client }: Party, mended: MendedAnswer) {
  // Of whatever type, it is kept with what came beside it; `assertSendable` forbids its use.
  const options = { recognizedTokenTypes: { [mended.told.token_type]: () => {} } };
  const processed = (response: Response) =>
    oauth.processRefreshTokenResponse(server, client, response, options);
  if (mended.told.id_token === undefined) return processed(mended.response);
  try {
    return await processed(mended.response);
  } catch {
    // An ID token that does not hold must not cost the tokens that were given with it.
    return processed(mended.withoutIdToken);
  }
}

/** Whose an ID token is, be it valid otherwise or not. */
function subjectOf(idToken: string | undefined): string | undefined {
  try {
    return idToken === undefined ? undefined : decodeJwt(idToken).sub;
  } catch {
    return undefined;
  }
}
