import { postedTo, redirectTo, type SimulatedAnswer } from './answer.ts';
import { callbackValues, isAuthorizing } from './behaviour.ts';
import { demandAll, demandScopes, standardNames } from './protocol-parameters.ts';
import { demand, parametersIn, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

/**
 * The authorization endpoint (RFC 6749 §4.1.1): its user approves at once. What is wrong with the
 * request is told here and not at the redirect URI, so that it is seen.
 */
export function authorize(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const { provider, registration, codes, grants } = simulation;
  demand(isAuthorizing(provider), 'nothing is authorized here');
  demand(request.method === 'GET', 'a browser asks by GET', 'invalid_request', 405);
  const parameters = standardNames(simulation, parametersIn(request, 'query'));
  demand(parameters['client_id'] === registration.clientId, 'the client is unknown');
  demand(parameters['response_type'] === 'code', 'response_type is not code');
  const { state, redirect_uri: redirectUri } = parameters;
  demand(isRegistered(simulation, redirectUri), 'redirect_uri is not registered');
  demand(state !== undefined && state.length >= 32, 'state is missing or guessable');
  demandAll(provider.authorizationParameters, parameters);
  const scopes = demandScopes(simulation, parameters['scope']);
  const { nonce } = parameters;
  demand(scopes.includes('openid') === (nonce !== undefined), 'nonce goes with openid');
  const grant = grants.newGrant();
  const brought = callbackValues(provider);
  Object.assign(grant.fields, brought);
  const code = codes.newCode({
    grant,
    codeChallenge: challengeIn(provider.pkce, parameters),
    nonce,
  });
  simulation.counters.authorizations += 1;
  const told = new URLSearchParams({ [provider.codeParameter ?? 'code']: code, state, ...brought });
  if (provider.kind === 'oauth2' && provider.sendsIssuer) told.set('iss', provider.issuer ?? '');
  const isAlias = provider.redirectUriAlias !== undefined;
  const target = new URL((isAlias ? undefined : redirectUri) ?? simulation.redirectUri);
  const mode = provider.quirks.includes('form-post-callback') ? 'form_post' : undefined;
  demand(parameters['response_mode'] === mode, `response_mode is not ${mode ?? 'absent'}`);
  if (mode === 'form_post') return postedTo(target, told);
  for (const [name, value] of told) target.searchParams.set(name, value);
  return redirectTo(target);
}

/** The redirect URI, or the name that the provider gave it. */
export function isRegistered(
  { provider, redirectUri }: Pick<Simulation, 'provider' | 'redirectUri'>,
  sent: string | undefined,
): boolean {
  if (!isAuthorizing(provider)) return false;
  if (provider.redirectUriAlias !== undefined) return sent === provider.redirectUriAlias;
  return provider.ownRedirectUri
    ? sent?.startsWith(`${redirectUri}/`) === true
    : sent === redirectUri;
}

/** RFC 7636 §4.3; where the data says `none`, its parameters are refused. */
function challengeIn(
  pkce: 'S256' | 'none',
  parameters: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { code_challenge: challenge, code_challenge_method: method } = parameters;
  if (pkce === 'none') {
    demand(challenge === undefined && method === undefined, 'PKCE is unknown here');
    return undefined;
  }
  demand(method === 'S256' && /^[\w-]{43}$/.test(challenge ?? ''), 'no code_challenge by S256');
  return challenge;
}
