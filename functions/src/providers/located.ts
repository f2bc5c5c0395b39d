import { StrongroomError } from '../errors.ts';
import { isNamed } from './hosts.ts';
import type { AuthorizingProvider, Provider } from './settings-schema.ts';
import { fieldsOf, fillKnown, fillUrl, fixedOriginOf } from './template.ts';
import { saidOf, type Values } from './variables.ts';

/** Where users' variables may stand, of what the authorization server is asked at. */
export const endpointNames = [
  'authorizationEndpoint',
  'tokenEndpoint',
  'refreshEndpoint',
  'revocationEndpoint',
  'userinfoEndpoint',
  'introspectionEndpoint',
  'deviceAuthorizationEndpoint',
  'pushedAuthorizationRequestEndpoint',
] as const;

/**
 * A provider with what a connection's user said in its endpoints. That may lead to the hosts that the
 * settings name and to no other, wherever it was written down: a client secret goes there.
 *
 * @param fields that are kept with the connection's tokens.
 * @throws StrongroomError `invalid_argument`: a variable is missing, or leads elsewhere.
 */
export function located(provider: Provider, fields: Values = {}): Provider {
  if (provider.kind !== 'oidc' && provider.kind !== 'oauth2') return provider;
  const said = saidOf(provider, fields);
  const templates: Partial<Record<(typeof endpointNames)[number], unknown>> = provider;
  const endpoints = endpointNames.flatMap((name) => {
    const template = templates[name];
    if (typeof template !== 'string' || !holdsVariable(provider, template)) return [];
    return [[name, endpointOf(provider, template, said)] as const];
  });
  return endpoints.length === 0 ? provider : { ...provider, ...Object.fromEntries(endpoints) };
}

/** Whether something that a user says stands in it. */
export function holdsVariable(
  { variables }: Pick<Provider, 'variables'>,
  template: string,
): boolean {
  return fieldsOf(template).some((name) => Object.hasOwn(variables, name));
}

function endpointOf(provider: AuthorizingProvider, template: string, said: Values): string {
  const { variables, endpointHosts } = provider;
  const isSaid = (name: string) => Object.hasOwn(variables, name);
  // What else is put in its places, and later, changes nothing of where it leads.
  const others = fieldsOf(template).filter((name) => !isSaid(name));
  const placed = Object.fromEntries(others.map((name) => [name, 'x']));
  const url = fillUrl(template, { ...placed, ...said });
  const isFixed = url?.origin === fixedOriginOf(template);
  if (url !== undefined && (isFixed || isNamed(url, endpointHosts))) {
    return fillKnown(template, said);
  }
  const name = fieldsOf(template).find(isSaid) ?? '';
  const field = `variables.${name}`;
  throw new StrongroomError(
    'invalid_argument',
    `The field ${field} is missing, or leads to a host that the settings do not name ` +
      `(endpointHosts). Connect the account with one like ${variables[name]?.example}.`,
    { field },
  );
}
