import * as oauth from 'oauth4webapi';
import { log } from '../logs.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import { acceptTokens, type GivenTokens } from './given-tokens.ts';
import { revoke } from './revocation.ts';
import { mendTokenAnswer } from './token-answer.ts';
import { requestByGrant } from './token-request.ts';

/**
 * Exchanges the token that a code gave for one that lives longer, where the provider's data says that
 * there is one: one request more. What is told with the first and not with the second stays, but for
 * its end. Where it fails, the first is revoked: as good as it is, it would be dead within hours.
 *
 * @throws as `exchangeCode`.
 */
export async function lengthened(
  party: AuthorizingParty,
  { answer, claims }: GivenTokens,
): Promise<GivenTokens> {
  const { longLivedToken } = party.provider;
  if (longLivedToken === undefined) return { answer, claims };
  try {
    const longer = await exchanged(party, longLivedToken, answer.access_token);
    const { expires_in: _end, ...kept } = answer;
    // An ID token has the nonce, or is none of this authorization.
    const { id_token: _unasked, ...told } = longer.answer;
    return { answer: { ...kept, ...told }, claims };
  } catch (error) {
    const { access_token: accessToken, refresh_token: refreshToken } = answer;
    await revoke(party, { accessToken, refreshToken }).catch(log.revocationFailed);
    throw error;
  }
}

type LongLivedToken = NonNullable<AuthorizingParty['provider']['longLivedToken']>;

function exchanged(
  party: AuthorizingParty,
  { grantType, tokenParameter }: LongLivedToken,
  token: string,
): Promise<GivenTokens> {
  const { server, client } = party;
  const grant = { grantType, parameters: { [tokenParameter]: token } };
  return requestByGrant(party, grant, async (response) =>
    acceptTokens(party, await mendTokenAnswer(response), (longer, options) =>
      oauth.processGenericTokenEndpointResponse(server, client, longer, options),
    ),
  );
}
