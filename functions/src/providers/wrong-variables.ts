import { isNamed } from './hosts.ts';
import { endpointNames, holdsVariable } from './located.ts';
import type { AuthorizingProvider, Settings } from './settings-schema.ts';
import { exampleOf, fieldsOf, fixedOriginOf } from './template.ts';
import type { Wrong } from './wrong.ts';
import { keptNamesOf } from './wrong-template.ts';

type Checked = Settings['providers'][string];
type Authorizing = Extract<Checked, Pick<AuthorizingProvider, 'kind'>>;

/** What does not fit together of that which users say, and of where a look-up or a profile is asked. */
export function wrongVariablesOf(
  provider: Checked,
  providers: Settings['providers'],
): Wrong | undefined {
  if (provider.kind === 'oidc' || provider.kind === 'oauth2') {
    return (
      wrongNamesOf(provider, providers) ?? wrongEndpointsOf(provider) ?? wrongRequestsOf(provider)
    );
  }
  const isAsked = Object.keys(provider.variables).length > 0;
  if (isAsked) return { field: 'variables', why: 'must be asked for by `fields` here' };
  return provider.lookup && { field: 'lookup', why: 'must not be set for this kind' };
}

function wrongNamesOf(provider: Authorizing, providers: Settings['providers']): Wrong | undefined {
  const { variables, tokenExchange, signIn, lookup } = provider;
  const isAsked = Object.keys(variables).length > 0;
  // What the team says has been put in its places.
  const open = Object.entries(variables).find(([, { by }]) => by !== 'user')?.[0];
  if (open !== undefined) return { field: `variables.${open}.by`, why: 'must be user here' };
  const { keep, callbackParameters } = provider;
  const told = [...keep, ...Object.keys(lookup?.keep ?? {})];
  if (callbackParameters.some((name) => told.includes(name))) {
    return { field: 'callbackParameters', why: 'must name none that the provider tells' };
  }
  const others = [...told, ...callbackParameters];
  if (others.some((name) => Object.hasOwn(variables, name))) {
    return { field: 'variables', why: 'must name none that the provider tells' };
  }
  if (isAsked && signIn !== undefined) {
    return { field: 'signIn', why: 'must not be set where users are asked for variables' };
  }
  const kept = providers[tokenExchange?.keepAs ?? '']?.variables ?? {};
  return Object.keys(kept).every((name) => Object.hasOwn(variables, name))
    ? undefined
    : { field: 'tokenExchange.keepAs', why: 'must name a provider that asks for nothing else' };
}

/** Endpoints hold what users say and no more; but `wrong-revocation.ts` judges its own. */
function wrongEndpointsOf(provider: Authorizing): Wrong | undefined {
  const fields: Partial<Record<string, unknown>> = provider;
  for (const name of ['issuer', 'jwksUri']) {
    // By these answers are judged: whoever answers must not choose them.
    const url = fields[name];
    if (typeof url === 'string' && holdsVariable(provider, url)) {
      return { field: name, why: 'must hold nothing that users say' };
    }
  }
  const { endpointHosts, revocation } = provider;
  for (const name of endpointNames) {
    const template = fields[name];
    if (typeof template !== 'string') continue;
    const isJudged = name === 'revocationEndpoint' && revocation !== undefined;
    const isKnown = fieldsOf(template).every((one) => Object.hasOwn(provider.variables, one));
    if (!isJudged && !isKnown) return { field: name, why: 'must hold only names of `variables`' };
    const isFixed = fixedOriginOf(template) !== undefined || !holdsVariable(provider, template);
    if (!isFixed && endpointHosts.length === 0) {
      return { field: 'endpointHosts', why: `must name the hosts that ${name} may lead to` };
    }
  }
  return undefined;
}

/** A token goes to the API that it is for, or back to where it came from. */
function wrongRequestsOf(provider: Authorizing): Wrong | undefined {
  const { lookup, profile, keep, callbackParameters, variables } = provider;
  if (profile !== undefined && !holds(profile.endpoint, keptNamesOf(provider))) {
    return { field: 'profile.endpoint', why: 'must hold only what is kept' };
  }
  if (lookup === undefined) return undefined;
  const known = [...keep, ...callbackParameters, ...Object.keys(variables)];
  if (!holds(lookup.endpoint, known)) {
    return { field: 'lookup.endpoint', why: 'must hold only what is known before' };
  }
  const texts = Object.values(lookup.headers ?? {});
  if (!texts.every((text) => holds(text, [...known, 'access_token', 'client_id']))) {
    return {
      field: 'lookup.headers',
      why: 'must hold only {access_token} and what is known before',
    };
  }
  return isOfProvider(provider, lookup.endpoint)
    ? undefined
    : {
        field: 'lookup.endpoint',
        why: 'must be on the host of the token endpoint, or on one of apiHosts',
      };
}

function isOfProvider(provider: Authorizing, template: string): boolean {
  const { apiHosts, apiBaseUrl, endpointHosts } = provider;
  const url = new URL(exampleOf(template));
  if (template.startsWith('{') || isNamed(url, [...apiHosts, ...endpointHosts])) return true;
  const asked = provider.kind === 'oauth2' ? provider.tokenEndpoint : provider.issuer;
  return [asked, apiBaseUrl].some((one) => fixedOriginOf(one) === url.origin);
}

function holds(template: string, names: readonly string[]): boolean {
  return fieldsOf(template).every((name) => names.includes(name));
}
