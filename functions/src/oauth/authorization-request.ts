import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { systemClock } from '../platform/clock.ts';
import { quirksOf } from '../providers/quirks/quirks.ts';
import { redirectUriKnownTo } from '../providers/redirect-uri.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import { type DpopKey, dpopAlgorithm, newDpopKey, thumbprintOf } from './dpop.ts';
import { isPushed, push } from './pushed-authorization.ts';
import { parameterNamesOf, renamed } from './renamed.ts';

/** What must be remembered between the request and its answer; sealed while it waits. */
export interface AuthorizationSecrets {
  /** RFC 7636 §4.1; absent where the settings say that the provider refuses it. */
  readonly codeVerifier?: string | undefined;
  /** OpenID Connect Core 1.0 §3.1.2.1; absent without the scope `openid`. */
  readonly nonce?: string | undefined;
  /** What the code and the tokens are to be bound to (RFC 9449). */
  readonly dpopKey?: DpopKey | undefined;
}

/** Fresh secrets for one authorization request. */
export async function newAuthorizationSecrets(
  { pkce, dpop }: AuthorizingParty['provider'],
  scopes: readonly string[],
): Promise<AuthorizationSecrets> {
  return {
    ...(pkce === 'S256' && { codeVerifier: oauth.generateRandomCodeVerifier() }),
    ...(scopes.includes('openid') && { nonce: oauth.generateRandomNonce() }),
    ...(dpop && { dpopKey: await newDpopKey() }),
  };
}

interface AuthorizationRequest {
  readonly state: string;
  readonly secrets: AuthorizationSecrets;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly loginHint?: string | undefined;
  /** Further ones of the caller's choice; the settings name those that he may choose. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/**
 * The authorization request's URL (RFC 6749 §4.1.1) with PKCE S256 (RFC 7636 §4.3). Where the request
 * is pushed (RFC 9126), it names that alone; for one request to the provider.
 *
 * @throws OAuthFailure; StrongroomError `provider_misconfigured`.
 */
export async function authorizationUrl(
  party: AuthorizingParty,
  request: AuthorizationRequest,
): Promise<URL> {
  const url = authorizationEndpointOf(party);
  const parameters = await parametersOf(party, request);
  const shown = isPushed(party) ? await push(party, parameters) : parameters;
  const named = renamed(parameterNamesOf(party.provider), shown);
  for (const [name, value] of Object.entries(named)) url.searchParams.set(name, value);
  // Both are a space, and some read a plus as it is.
  url.search = url.searchParams.toString().replaceAll('+', '%20');
  url.hash = party.provider.authorizationFragment ?? '';
  return url;
}

function authorizationEndpointOf({ provider, server, transport }: AuthorizingParty): URL {
  const { authorization_endpoint: endpoint } = server;
  if (endpoint === undefined) {
    throw misconfigured(`The provider ${provider.id} names no authorization endpoint.`);
  }
  const url = new URL(endpoint);
  // A discovery document could name a script; the user's browser goes wherever this says.
  const isWeb = url.protocol === 'https:' || transport[oauth.allowInsecureRequests];
  if (!isWeb || !/^https?:$/.test(url.protocol)) {
    throw misconfigured(`The authorization endpoint of the provider ${provider.id} is not https.`);
  }
  return url;
}

/** @throws StrongroomError `provider_misconfigured` where tokens cannot be bound to a key there. */
export function assertBindable({ provider, server }: AuthorizingParty): void {
  const algorithms = server.dpop_signing_alg_values_supported;
  if (provider.kind === 'oauth2' || algorithms?.includes(dpopAlgorithm)) return;
  throw misconfigured(
    `The provider ${provider.id} does not offer DPoP with ${dpopAlgorithm} (RFC 9449), which its ` +
      'settings ask for.',
  );
}

async function parametersOf(
  party: AuthorizingParty,
  { state, secrets, scopes, redirectUri, loginHint, parameters }: AuthorizationRequest,
): Promise<Readonly<Record<string, string>>> {
  const { codeVerifier, nonce, dpopKey } = secrets;
  if (dpopKey !== undefined) assertBindable(party);
  const { provider, client } = party;
  const all: Record<string, string | undefined> = {
    ...provider.authorizationParameters,
    ...parameters,
    ...(loginHint !== undefined && { login_hint: loginHint }),
    ...(scopes.length > 0 && { scope: scopes.join(provider.scopeSeparator) }),
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUriKnownTo(provider, redirectUri),
    state,
    nonce,
    resource: provider.resource,
    ...(codeVerifier !== undefined && {
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    }),
    ...(dpopKey !== undefined && { dpop_jkt: await thumbprintOf(dpopKey) }),
  };
  const standard: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const context = {
    clientId: client.client_id,
    redirectUri: standard['redirect_uri'],
    now: () => systemClock.now(),
  };
  return quirksOf(provider).reduce(
    (changed, { authorize }) => authorize?.(changed, context) ?? changed,
    standard,
  );
}

function misconfigured(what: string): StrongroomError {
  return new StrongroomError('provider_misconfigured', `${what} Correct its settings.`);
}
