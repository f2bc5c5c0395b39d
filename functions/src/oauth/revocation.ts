import * as oauth from 'oauth4webapi';
import { asOAuthFailure } from './failure.ts';
import { type Revocable, revokeInOwnWay } from './own-revocation.ts';
import type { Party } from './party.ts';

/**
 * Revokes a token set at the provider (RFC 7009, or as its data tells): the refresh token first, since
 * most providers end the whole grant with it; the access token as well, for those that do not.
 *
 * @returns whether the provider was told; `false` where it offers no revocation.
 * @throws OAuthFailure
 */
export async function revoke(party: Party, tokenSet: Revocable): Promise<boolean> {
  const { server, client, transport, provider } = party;
  if (server.revocation_endpoint === undefined) return false;
  const shape = 'revocation' in provider ? provider.revocation : undefined;
  if (shape !== undefined) return revokeInOwnWay(party, shape, tokenSet);
  const tokens: [token: string | undefined, hint: string][] = [
    [tokenSet.refreshToken, 'refresh_token'],
    [tokenSet.accessToken, 'access_token'],
  ];
  for (const [token, hint] of tokens) {
    // An import may have brought a refresh token alone.
    if (!token) continue;
    const additionalParameters = { token_type_hint: hint };
    const options = { ...transport, additionalParameters };
    await party.authenticated(async (clientAuth) => {
      try {
        const response = await oauth.revocationRequest(server, client, clientAuth, token, options);
        await oauth.processRevocationResponse(response);
      } catch (error) {
        throw asOAuthFailure(error);
      }
    });
  }
  return true;
}
