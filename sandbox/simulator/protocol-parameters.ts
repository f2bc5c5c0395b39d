import { givesTokens, type TokenProvider } from './behaviour.ts';
import { demand } from './request.ts';
import type { Simulation } from './simulation.ts';

/** By the names of the standards. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/**
 * Parameters under the standards' names. Where the provider's data has names of its own, the
 * standard's is refused.
 */
export function standardNames(
  { provider }: Simulation,
  sent: Readonly<Record<string, string>>,
): Parameters {
  const { parameterNames, tokenParameterNames } = givesTokens(provider) ? provider : standards;
  const atToken = { ...parameterNames, ...tokenParameterNames };
  const isTokenRequest = Object.hasOwn(sent, atToken.grant_type ?? 'grant_type');
  const own = Object.entries(isTokenRequest ? atToken : parameterNames);
  const named: Record<string, string | undefined> = { ...sent };
  for (const [standard, name] of own) {
    const isTaken = own.some(([, other]) => other === standard);
    demand(isTaken || sent[standard] === undefined, `${standard} is called ${name} here`);
    named[standard] = sent[name];
  }
  return named;
}

const standards: Pick<TokenProvider, 'parameterNames' | 'tokenParameterNames'> = {
  parameterNames: {},
  tokenParameterNames: {},
};

/** Demands that what the data says is sent does arrive, as it is written there. */
export function demandAll(
  expected: Readonly<Record<string, string>>,
  parameters: Parameters,
): void {
  for (const [name, value] of Object.entries(expected)) {
    demand(parameters[name] === value, `the parameter ${name} is missing or another`);
  }
}

/** Demands scopes that are offered here, joined as the provider's data says. */
export function demandScopes(
  { provider }: Pick<Simulation, 'provider'>,
  scope: string | undefined,
): string[] {
  const { scopes, scopeSeparator } = provider;
  if (scope === undefined) {
    demand(scopes.length === 0, 'no scope was asked for', 'invalid_scope');
    return [];
  }
  const asked = scope.split(scopeSeparator);
  const unknown = asked.find((one) => !scopes.includes(one));
  demand(unknown === undefined, `there is no scope ${unknown}`, 'invalid_scope');
  return asked;
}
