import type { SimulatedAnswer } from './answer.ts';
import { isAuthorizing } from './behaviour.ts';
import { authenticate } from './client-authentication.ts';
import { standardNames } from './protocol-parameters.ts';
import { demand, parametersIn, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';
import { tokenAnswer } from './token-answer.ts';
import { formatOf } from './token-format.ts';

/** A grant of the provider's own in which an access token is spent. */
interface Spending {
  readonly method: 'GET' | 'POST';
  readonly grantType: string;
  readonly tokenParameter: string;
  readonly authenticated: boolean;
  readonly isRenewal: boolean;
}

/** Which of them a request is, by its method and grant type. */
export function spendingOf(
  { provider }: Simulation,
  request: SimulatedRequest,
): Spending | undefined {
  if (!isAuthorizing(provider) || provider.longLivedToken === undefined) return undefined;
  const { refresh: renewal, ...exchange } = provider.longLivedToken;
  const all: Spending[] = [
    { ...exchange, isRenewal: false },
    ...(renewal === undefined ? [] : [{ ...renewal, isRenewal: true }]),
  ];
  const { parameterNames, tokenParameterNames } = provider;
  const name = tokenParameterNames.grant_type ?? parameterNames.grant_type ?? 'grant_type';
  return all.find(({ method, grantType }) => {
    if (method !== request.method) return false;
    const sent = method === 'GET' ? request.query : new URLSearchParams(request.body);
    return sent.get(name) === grantType;
  });
}

/** A token that lives longer for one that is still good. */
export async function spendAccessToken(
  simulation: Simulation,
  request: SimulatedRequest,
  { method, tokenParameter, authenticated, isRenewal }: Spending,
): Promise<SimulatedAnswer> {
  const { provider, samples, grants, counters } = simulation;
  const sample = samples.refresh ?? samples.token;
  demand(isAuthorizing(provider) && sample !== undefined, 'there is no sample of a refresh');
  const format = method === 'GET' ? 'query' : formatOf(provider);
  const parameters = standardNames(simulation, parametersIn(request, format));
  if (authenticated) await authenticate(simulation, request, parameters);
  else {
    const isShown = parameters['client_secret'] !== undefined || request.headers.authorization;
    demand(!isShown, 'the client shows a secret that nobody asked for');
  }
  const grant = grants.spendAccessToken(parameters[tokenParameter]);
  if (isRenewal) counters.refreshes += 1;
  else counters.tokens += 1;
  return tokenAnswer(simulation, sample, { grant, seconds: provider.life.accessTokenSeconds });
}
