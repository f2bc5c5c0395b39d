import { createHash } from 'node:crypto';
import type { SimulatedAnswer } from './answer.ts';
import { isRegistered } from './authorization-endpoint.ts';
import { givesTokens, isAuthorizing, sampled } from './behaviour.ts';
import { authenticate } from './client-authentication.ts';
import { spendAccessToken, spendingOf } from './long-lived-token.ts';
import { machineToken } from './machine-token.ts';
import { demandAll, type Parameters, standardNames } from './protocol-parameters.ts';
import { demand, Refusal, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';
import { tokenAnswer } from './token-answer.ts';
import { tokenParametersIn } from './token-format.ts';

/** The token endpoint (RFC 6749 §3.2), as far as the provider's data lets it be one. */
export async function token(
  simulation: Simulation,
  request: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const { provider } = simulation;
  demand(givesTokens(provider), 'no tokens are given here');
  if (!isAuthorizing(provider)) return machineToken(simulation, request);
  const spending = spendingOf(simulation, request);
  if (spending !== undefined) return spendAccessToken(simulation, request, spending);
  const parameters = standardNames(simulation, tokenParametersIn(provider, request));
  switch (parameters['grant_type']) {
    case 'authorization_code':
      return exchangeCode(simulation, request, parameters);
    case 'refresh_token':
      return refresh(simulation, request, parameters);
    default:
      throw new Refusal(400, 'unsupported_grant_type', 'there is no such grant');
  }
}

/** RFC 6749 §4.1.3. */
async function exchangeCode(
  simulation: Simulation,
  request: SimulatedRequest,
  parameters: Parameters,
): Promise<SimulatedAnswer> {
  const { provider, samples, codes, grants } = simulation;
  demand(isAuthorizing(provider) && samples.token !== undefined, 'there is no sample of a token');
  await authenticate(simulation, request, parameters);
  demandAll(provider.tokenParameters, parameters);
  const { code, code_verifier: verifier, redirect_uri: redirectUri } = parameters;
  demand(isRegistered(simulation, redirectUri), 'redirect_uri is another', 'invalid_grant');
  const { grant, codeChallenge, nonce } = codes.use(code);
  demand(isProof(verifier, codeChallenge), 'code_verifier does not fit', 'invalid_grant');
  simulation.counters.tokens += 1;
  const hasRefreshToken = Boolean(sampled(provider, samples.token, 'refresh_token'));
  const hasKeys = provider.kind === 'oidc' || provider.jwksUri !== undefined;
  const isPromised = nonce !== undefined && hasKeys;
  return tokenAnswer(simulation, samples.token, {
    grant,
    nonce,
    withIdToken: provider.quirks.includes('id-token-unread') || isPromised,
    refreshToken: hasRefreshToken ? grants.newRefreshToken(grant) : undefined,
  });
}

/** RFC 7636 §4.6; without a challenge there must be no verifier either. */
function isProof(verifier: string | undefined, challenge: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier;
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** RFC 6749 §6. */
export async function refresh(
  simulation: Simulation,
  request: SimulatedRequest,
  parameters: Parameters,
): Promise<SimulatedAnswer> {
  const { provider, samples, grants } = simulation;
  const sample = samples.refresh ?? samples.token;
  demand(isAuthorizing(provider) && sample !== undefined, 'there is no sample of a refresh');
  const { quirks, clientAuthentication } = provider;
  const isBasic = quirks.includes('basic-auth-on-refresh');
  const method = isBasic ? 'client_secret_basic' : clientAuthentication;
  await authenticate(simulation, request, parameters, method);
  demandAll(provider.refreshParameters, parameters);
  const { redirect_uri: redirectUri } = parameters;
  const isNeeded = quirks.includes('redirect-uri-on-refresh');
  const isRight = isNeeded ? isRegistered(simulation, redirectUri) : redirectUri === undefined;
  demand(isRight, 'redirect_uri is missing, another, or not asked for');
  demand(provider.longLivedToken?.refresh === undefined, 'that is not how tokens are renewed');
  simulation.counters.refreshes += 1;
  const { refresh_token: spent } = parameters;
  if (quirks.includes('refresh-with-access-token')) {
    return tokenAnswer(simulation, sample, { grant: grants.spendAccessToken(spent) });
  }
  const givesNext = Boolean(sampled(provider, sample, 'refresh_token'));
  const { grant, next } = grants.spend(spent, givesNext);
  return tokenAnswer(simulation, sample, { grant, refreshToken: next });
}
