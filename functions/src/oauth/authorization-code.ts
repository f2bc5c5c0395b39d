import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { redirectUriKnownTo } from '../providers/redirect-uri.ts';
import type { AuthorizationSecrets } from './authorization-request.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import { issuerNamesOf } from './discovery.ts';
import { asOAuthFailure, errorCodeOf } from './failure.ts';
import { acceptTokens, type GivenTokens } from './given-tokens.ts';
import { idTokenKeysOf } from './id-token.ts';
import { lengthened } from './long-lived-token.ts';
import type { Party } from './party.ts';
import { provenRequest } from './proven-request.ts';
import { mendTokenAnswer } from './token-answer.ts';

/** What the provider sent to the redirect URI, as the app handed it on. */
export interface AuthorizationResponse {
  readonly state: string;
  readonly code?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
}

/**
 * Checks an authorization response (RFC 6749 §4.1.2, RFC 9207) before anything is sent anywhere.
 *
 * @returns parameters that only `exchangeCode` takes.
 * @throws StrongroomError `access_denied` or `authorization_failed` with the provider's error code,
 *   `issuer_mismatch` where `iss` is another's or is missing though promised.
 */
export function validateResponse(party: Party, response: AuthorizationResponse): URLSearchParams {
  const { server, client } = party;
  const promised = server.authorization_response_iss_parameter_supported === true;
  const { iss = server.issuer } = response;
  if (response.iss === undefined ? promised : !isIssuerOf(party, iss)) {
    throw new StrongroomError(
      'issuer_mismatch',
      'The answer does not come from the provider that was asked. Connect the account again.',
    );
  }
  const parameters = new URLSearchParams({ state: response.state });
  for (const name of ['code', 'iss', 'error'] as const) {
    const value = response[name];
    if (value !== undefined) parameters.set(name, value);
  }
  try {
    return oauth.validateAuthResponse(
      { ...server, issuer: iss },
      client,
      parameters,
      response.state,
    );
  } catch (error) {
    throw refused(error);
  }
}

/**
 * Whether an answer that names this issuer comes from the provider (RFC 9207 §2.4). Where nobody has
 * written down what that calls itself, it must do so by the host that users are sent to, or one above
 * or below it: else every connection would fail on the day it begins to send `iss`.
 */
function isIssuerOf({ provider, server }: Party, iss: string): boolean {
  const names = issuerNamesOf(provider);
  if (names !== undefined) return names.isNamed(iss, server.issuer);
  if (iss === server.issuer) return true;
  if (provider.kind !== 'oauth2' || provider.issuer !== undefined) return false;
  const [named, sent] = [URL.parse(iss), new URL(provider.authorizationEndpoint)];
  if (named === null || named.protocol !== sent.protocol || named.port !== sent.port) return false;
  const [above, below] = [named.hostname, sent.hostname].toSorted((a, b) => a.length - b.length);
  return (
    above === below || (above?.includes('.') === true && below?.endsWith(`.${above}`) === true)
  );
}

function refused(error: unknown): StrongroomError {
  const said = error instanceof oauth.AuthorizationResponseError ? error.error : 'invalid_response';
  const providerError = errorCodeOf(said);
  return providerError === 'access_denied'
    ? new StrongroomError(
        'access_denied',
        'The account was not connected: access was denied there.',
        {
          providerError,
        },
      )
    : new StrongroomError(
        'authorization_failed',
        'The provider did not authorize the app. Connect the account again.',
        providerError === undefined ? {} : { providerError },
      );
}

/**
 * Exchanges the code (RFC 6749 §4.1.3) and validates the answer, the ID token's claims, nonce and
 * signature included (OpenID Connect Core 1.0 §3.1.3.7).
 *
 * @param redirectUri ours, as it was begun with; the provider may know it by another name.
 * @throws OAuthFailure; StrongroomError `provider_answer_invalid` for a token of another type than was
 *   asked for; `unavailable` where the issuer's keys cannot be had. What came with either is revoked.
 *   `provider_misconfigured` before anything is spent.
 */
export async function exchangeCode(
  party: AuthorizingParty,
  parameters: URLSearchParams,
  redirectUri: string,
  secrets: AuthorizationSecrets,
): Promise<GivenTokens> {
  const { server, client, transport, provider } = party;
  const { codeVerifier, nonce, dpopKey } = secrets;
  if (nonce !== undefined) idTokenKeysOf(party);
  const additionalParameters = {
    ...provider.tokenParameters,
    ...(provider.resource !== undefined && { resource: provider.resource }),
  };
  const given = await party.authenticated(async (clientAuth) => {
    try {
      const response = await provenRequest(party, dpopKey, (headers) =>
        oauth.authorizationCodeGrantRequest(
          server,
          client,
          clientAuth,
          parameters,
          redirectUriKnownTo(provider, redirectUri),
          codeVerifier ?? oauth.nopkce,
          { ...transport, headers, additionalParameters },
        ),
      );
      const mended = await mendTokenAnswer(response);
      const requireIdToken = nonce !== undefined && provider.kind === 'oidc';
      // The library takes a nonce for a demand; some plain OAuth 2.0 providers call a scope `openid`.
      const isExpected = requireIdToken || mended.told.id_token !== undefined;
      return await acceptTokens(
        party,
        mended,
        (answer, options) =>
          oauth.processAuthorizationCodeResponse(server, client, answer, {
            ...options,
            expectedNonce: (isExpected ? nonce : undefined) ?? oauth.expectNoNonce,
            requireIdToken,
          }),
        dpopKey,
      );
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  });
  return lengthened(party, given);
}
