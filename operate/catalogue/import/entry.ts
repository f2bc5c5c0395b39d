import { fieldsOf } from '../../../functions/src/providers/template.ts';
import { schemaOf } from '../files.ts';
import type { Facts } from './facts.ts';

/** A file of `catalogue/imported/`. */
export function importedEntry(facts: Facts) {
  const { name, source, provider: fields } = facts;
  const { apiBaseUrl = baseOf(facts.profileUrl), ...own } = fields;
  const written = { ...own, ...(typeof apiBaseUrl === 'string' && { apiBaseUrl }) };
  const variables = variablesOf(facts, written);
  const provider = {
    kind: 'oauth2',
    ...written,
    ...hostsOf(facts, written),
    ...(typeof apiBaseUrl === 'string' && profileOf(facts, apiBaseUrl)),
  };
  const known = Object.keys(provider).filter(
    (field) => field !== 'kind' && !facts.unsourced.includes(field),
  );
  return {
    $schema: schemaOf(true),
    name,
    status: 'imported',
    ...(Object.keys(variables).length > 0 && { variables }),
    provider,
    sources: [{ url: source.url, readAt: source.readAt, facts: known, via: source.name }],
    unsourced: [...facts.unsourced, 'that PKCE does no harm', 'how long tokens live'],
  };
}

/** Where an API is, by one of its addresses: its origin, and what stands for a version. */
function baseOf(profileUrl: string | undefined): string | undefined {
  const [, origin, path = ''] = /^(https:\/\/[^/?#]+)([^?#]*)/.exec(profileUrl ?? '') ?? [];
  if (origin === undefined) return undefined;
  const [version = ''] = /^(\/(api|rest|v?\d+(\.\d+)*))+(?=\/)/i.exec(path) ?? [];
  return `${origin}${version}`;
}

function profileOf({ profileUrl, profileMap }: Facts, apiBaseUrl: string) {
  if (profileUrl === undefined || profileMap === undefined) return {};
  const url = profileUrl.replace(/[?#].*$/, '');
  const isBelow = url.startsWith(`${apiBaseUrl}/`);
  const endpoint = isBelow ? url.slice(apiBaseUrl.length) : url;
  return { profile: { endpoint, map: profileMap } };
}

/** A label below a domain that is the provider's: harmless wherever it leads. */
function variablesOf({ subdomain, variables = {}, name }: Facts, written: object) {
  const isUsed = Object.values(written).some(
    (value) => typeof value === 'string' && fieldsOf(value).includes(subdomain ?? ''),
  );
  if (subdomain === undefined || !isUsed) return variables;
  const variable = {
    label: `Your ${name} subdomain`,
    pattern: '[a-z0-9]([a-z0-9\\-]{0,61}[a-z0-9])?',
    example: 'acme',
    by: 'user',
  };
  return { ...variables, [subdomain]: variable };
}

function hostsOf(
  { subdomain }: Facts,
  { apiBaseUrl, ...endpoints }: Readonly<Record<string, unknown>>,
) {
  if (subdomain === undefined) return {};
  const below = (value: unknown) => {
    const start = `https://{${subdomain}}.`;
    const isBelow = typeof value === 'string' && value.startsWith(start);
    return isBelow ? [`*.${value.slice(start.length).replace(/\/.*$/, '')}`] : [];
  };
  const endpointHosts = [...new Set(Object.values(endpoints).flatMap(below))];
  const apiHosts = below(apiBaseUrl);
  return {
    ...(endpointHosts.length > 0 && { endpointHosts }),
    ...(apiHosts.length > 0 && { apiHosts }),
  };
}
