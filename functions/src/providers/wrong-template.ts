import type { Settings } from './settings-schema.ts';
import { fieldsOf, hostIn } from './template.ts';
import type { Wrong } from './wrong.ts';
import { givenNamesOf } from './wrong-credentials.ts';

type Checked = Settings['providers'][string];

/** What a template needs is kept, and may lead to hosts that are named. */
export function wrongTemplateOf(provider: Checked): Wrong | undefined {
  const { apiBaseUrl, apiHosts, apiHeaders, credential, kind } = provider;
  const { all, shown } = givenNamesOf(provider);
  const told = [...keptNamesOf(provider), ...shown];
  const client = 'clientId' in provider && provider.clientId !== undefined ? ['client_id'] : [];
  const sent = kind === 'api-key' || kind === 'basic' ? all : [];
  const credentials = [...told, ...client, ...sent, 'access_token'];
  const templates: readonly (readonly [field: string, texts: string[], known: string[]])[] = [
    ['apiBaseUrl', [apiBaseUrl], told],
    ['apiHeaders', Object.values(apiHeaders), [...told, ...client]],
    ['credential.headers', Object.values(credential.headers), credentials],
    ['credential.query', Object.values(credential.query), credentials],
  ];
  for (const [field, texts, known] of templates) {
    const isKnown = texts.flatMap(fieldsOf).every((name) => known.includes(name));
    if (!isKnown) return { field, why: 'must hold only what `keep`, `fields` or the like names' };
  }
  return hostIn(apiBaseUrl).includes('{') && apiHosts.length === 0
    ? { field: 'apiHosts', why: 'must name the hosts that apiBaseUrl may lead to' }
    : undefined;
}

/** What of a connection is known beside its tokens. */
export function keptNamesOf(provider: Checked): readonly string[] {
  const fromCallback = 'callbackParameters' in provider ? provider.callbackParameters : [];
  const found = Object.keys(provider.lookup?.keep ?? {});
  return [...provider.keep, ...fromCallback, ...found, ...Object.keys(provider.variables)];
}

/** A token that is bound to a key goes where RFC 9449 §7.1 says, and nowhere else. */
export function wrongBindingOf(provider: Checked): Wrong | undefined {
  if (!('dpop' in provider) || !provider.dpop) return undefined;
  const { headers, query } = provider.credential;
  const names = [...Object.keys(headers), ...Object.keys(query)];
  return names.join() === 'authorization'
    ? undefined
    : { field: 'dpop', why: 'must not be set where `credential` is' };
}
