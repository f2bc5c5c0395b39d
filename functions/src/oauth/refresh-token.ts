import * as oauth from 'oauth4webapi';
import { asOAuthFailure } from './failure.ts';
import type { Party } from './party.ts';
import type { TokenAnswer } from './token-set.ts';

/**
 * Spends a refresh token (RFC 6749 §6). One request, never repeated here: what a failure means for
 * the token is for the caller to judge.
 *
 * @throws OAuthFailure
 */
export async function spendRefreshToken(party: Party, refreshToken: string): Promise<TokenAnswer> {
  const { server, client, clientAuth, transport } = party;
  try {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      client,
      clientAuth,
      refreshToken,
      transport,
    );
    return await oauth.processRefreshTokenResponse(server, client, response);
  } catch (error) {
    throw asOAuthFailure(error);
  }
}
