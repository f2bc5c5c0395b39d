import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import { asOAuthFailure } from './failure.ts';

/**
 * Whether the authorization request goes to the provider itself, where nobody on the way through the
 * browser can read or change it (RFC 9126).
 *
 * @throws StrongroomError `provider_misconfigured` where the settings want that and the provider does
 *   not offer it.
 */
export function isPushed({ provider, server }: AuthorizingParty): boolean {
  const isOffered = server.pushed_authorization_request_endpoint !== undefined;
  if (provider.par === 'always' && !isOffered) {
    throw new StrongroomError(
      'provider_misconfigured',
      `The provider ${provider.id} takes no pushed authorization requests (RFC 9126). Leave par out ` +
        'of its settings, or name pushedAuthorizationRequestEndpoint there.',
      { field: `providers.${provider.id}.par` },
    );
  }
  return isOffered && provider.par !== 'never';
}

/**
 * Pushes an authorization request. One request to the provider, authenticated as at the token endpoint.
 *
 * @returns what the browser takes there in its place (RFC 9126 §4): who asks, and for which request.
 *   It is good for the time that the provider gives it, often a minute.
 * @throws OAuthFailure
 */
export async function push(
  party: AuthorizingParty,
  parameters: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { server, client, transport, provider } = party;
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await oauth.pushedAuthorizationRequest(
        server,
        client,
        clientAuth,
        { ...parameters },
        transport,
      );
      const answer = await oauth.processPushedAuthorizationResponse(server, client, response);
      return { client_id: client.client_id, request_uri: answer.request_uri };
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  });
}
