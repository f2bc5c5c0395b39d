import * as oauth from 'oauth4webapi';
import { log } from '../logs.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import type { DpopKey } from './dpop.ts';
import { idTokenKeysOf, verifySignature } from './id-token.ts';
import { revoke } from './revocation.ts';
import type { MendedAnswer } from './token-answer.ts';
import { assertSendable, type TokenAnswer } from './token-set.ts';

/** What the token endpoint gave, and the account it is for, where an ID token tells. */
export interface GivenTokens {
  readonly answer: TokenAnswer;
  readonly claims?: oauth.IDToken | undefined;
}

/**
 * Judges a token endpoint's answer, the signature of an ID token included. What cannot be used is revoked: it must not live on as a grant that
 * nobody knows of.
 *
 * @param process the library's judgement of this kind of grant.
 * @param dpopKey what the tokens were asked to be bound to.
 * @throws what `process` throws; StrongroomError `provider_answer_invalid`.
 */
export async function acceptTokens(
  party: AuthorizingParty,
  { response, told }: MendedAnswer,
  process: (
    response: Response,
    options: oauth.ProcessTokenResponseOptions,
  ) => Promise<oauth.TokenEndpointResponse>,
  dpopKey?: DpopKey,
): Promise<GivenTokens> {
  try {
    // Of whatever type: `assertSendable` says what is wrong with it.
    const answer = await process(response, {
      recognizedTokenTypes: { [told.token_type]: () => {} },
    });
    const { access_token: accessToken, token_type: tokenType } = answer;
    assertSendable({ accessToken, tokenType, dpopKey });
    const keys = answer.id_token === undefined ? undefined : idTokenKeysOf(party);
    if (keys !== undefined) await verifySignature(answer.id_token ?? '', keys);
    return { answer, claims: oauth.getValidatedIdTokenClaims(answer) };
  } catch (error) {
    const { access_token: accessToken, refresh_token: refreshToken } = told;
    if (accessToken !== undefined) {
      await revoke(party, { accessToken, refreshToken }).catch(log.revocationFailed);
    }
    throw error;
  }
}
