import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import { asOAuthFailure, errorCodeOf } from './failure.ts';
import type { Party } from './party.ts';
import { revoke } from './revocation.ts';
import { type MendedAnswer, mendTokenAnswer } from './token-answer.ts';
import { assertSendable, type TokenAnswer } from './token-set.ts';

/** What must be remembered between the request and its answer; sealed while it waits. */
export interface AuthorizationSecrets {
  /** RFC 7636 §4.1. */
  readonly codeVerifier: string;
  /** OpenID Connect Core 1.0 §3.1.2.1; absent without the scope `openid`. */
  readonly nonce?: string | undefined;
}

/** Fresh secrets for one authorization request. */
export function newAuthorizationSecrets(scopes: readonly string[]): AuthorizationSecrets {
  return {
    codeVerifier: oauth.generateRandomCodeVerifier(),
    ...(scopes.includes('openid') && { nonce: oauth.generateRandomNonce() }),
  };
}

interface AuthorizationRequest {
  readonly state: string;
  readonly secrets: AuthorizationSecrets;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly loginHint?: string | undefined;
}

/** The authorization request's URL (RFC 6749 §4.1.1) with PKCE S256 (RFC 7636 §4.3). */
export async function authorizationUrl(party: Party, request: AuthorizationRequest): Promise<URL> {
  const { provider, server, client } = party;
  if (server.authorization_endpoint === undefined) {
    throw new StrongroomError(
      'provider_misconfigured',
      `The provider ${provider.id} names no authorization endpoint. Correct its settings.`,
    );
  }
  const url = new URL(server.authorization_endpoint);
  // A discovery document could name a script; the user's browser goes wherever this says.
  const isWeb = url.protocol === 'https:' || party.transport[oauth.allowInsecureRequests];
  if (!isWeb || !/^https?:$/.test(url.protocol)) {
    throw new StrongroomError(
      'provider_misconfigured',
      `The authorization endpoint of the provider ${provider.id} is not https.`,
    );
  }
  const parameters: Record<string, string | undefined> = {
    ...provider.authorizationParameters,
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(provider.scopeSeparator) || undefined,
    state: request.state,
    nonce: request.secrets.nonce,
    login_hint: request.loginHint,
    code_challenge: await oauth.calculatePKCECodeChallenge(request.secrets.codeVerifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

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
  if (response.iss === undefined ? promised : response.iss !== server.issuer) {
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
    return oauth.validateAuthResponse(server, client, parameters, response.state);
  } catch (error) {
    throw refused(error);
  }
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

/** What the token endpoint gave, and the account it is for, where an ID token tells. */
export interface CodeAnswer {
  readonly answer: TokenAnswer;
  readonly claims?: oauth.IDToken | undefined;
}

/**
 * Exchanges the code (RFC 6749 §4.1.3) and validates the answer, the ID token's claims and nonce
 * included (OpenID Connect Core 1.0 §3.1.3.7).
 *
 * @throws OAuthFailure; StrongroomError `provider_answer_invalid` for a token that is no Bearer
 *   token. What came with either is revoked.
 */
export async function exchangeCode(
  party: Party,
  parameters: URLSearchParams,
  redirectUri: string,
  secrets: AuthorizationSecrets,
): Promise<CodeAnswer> {
  const { server, client, transport } = party;
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        clientAuth,
        parameters,
        redirectUri,
        secrets.codeVerifier,
        transport,
      );
      return await validated(party, await mendTokenAnswer(response), secrets);
    } catch (error) {
      throw asOAuthFailure(error, party.provider.life);
    }
  });
}

async function validated(
  party: Party,
  { response, told }: MendedAnswer,
  { nonce }: AuthorizationSecrets,
): Promise<CodeAnswer> {
  const { server, client, provider } = party;
  try {
    const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce ?? oauth.expectNoNonce,
      requireIdToken: nonce !== undefined && provider.kind === 'oidc',
      recognizedTokenTypes: { [told.token_type]: () => {} },
    });
    assertSendable({ accessToken: answer.access_token, tokenType: answer.token_type });
    return { answer, claims: oauth.getValidatedIdTokenClaims(answer) };
  } catch (error) {
    const { access_token: accessToken, refresh_token: refreshToken } = told;
    // What cannot be used must not live on as a grant that nobody knows of.
    if (accessToken !== undefined) {
      await revoke(party, { accessToken, refreshToken }).catch(log.revocationFailed);
    }
    throw error;
  }
}
