import * as oauth from 'oauth4webapi';
import { asOAuthFailure } from './failure.ts';
import type { Party } from './party.ts';
import { mendTokenAnswer } from './token-answer.ts';
import type { TokenAnswer } from './token-set.ts';

/** A grant of which each token request is as good as the first (RFC 6749 §4.4, RFC 7523 §2.1). */
export interface MachineGrant {
  readonly grantType: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Asks the token endpoint as our client, by a grant that the library has no function for.
 *
 * @param read judges the answer.
 * @param mayAskAgain whether there is time for a second request, where a secret is being replaced.
 * @throws OAuthFailure
 */
export async function requestByGrant<T>(
  party: Party,
  { grantType, parameters }: MachineGrant,
  read: (response: Response) => Promise<T>,
  mayAskAgain?: () => boolean,
): Promise<T> {
  const { server, client, transport, provider } = party;
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await oauth.genericTokenEndpointRequest(
        server,
        client,
        clientAuth,
        grantType,
        { ...parameters },
        transport,
      );
      return await read(response);
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  }, mayAskAgain);
}

/**
 * Asks for an access token without a user. A refresh token (RFC 6749 §4.4.3 has none) and an ID token
 * are of no use here and are dropped.
 *
 * @throws as `requestByGrant`; its `mayAskAgain` as well.
 */
export async function requestToken(
  party: Party,
  grant: MachineGrant,
  mayAskAgain?: () => boolean,
): Promise<TokenAnswer> {
  const { server, client } = party;
  const read = async (response: Response): Promise<TokenAnswer> => {
    const { withoutIdToken, told } = await mendTokenAnswer(response);
    // Of whatever type: `assertSendable` forbids its use.
    const recognizedTokenTypes = { [told.token_type]: () => {} };
    const { refresh_token: _, ...answer } = await oauth.processGenericTokenEndpointResponse(
      server,
      client,
      withoutIdToken,
      { recognizedTokenTypes },
    );
    return answer;
  };
  return requestByGrant(party, grant, read, mayAskAgain);
}
