import { isNamed } from '../../../functions/src/providers/hosts.ts';
import { fieldsOf, fillKnown, fixedOriginOf } from '../../../functions/src/providers/template.ts';
import { type Finding, type Judged, type Rule, textsOf } from './finding.ts';

/** Addresses are https, of a real host, and hold nothing that should not be in one. */
export const addresses: Rule = function* ({ entry }) {
  for (const part of ['provider', 'register'] as const) {
    for (const { where, text } of textsOf(entry[part], part)) {
      if (/^[a-z]+:\/\//i.test(text)) yield* wrongAddress(where, text);
    }
  }
  for (const [index, { url }] of entry.sources.entries()) {
    if (!/^[a-z]+:\/\//i.test(url)) continue;
    const where = `sources.${index}.url`;
    if (/\s/.test(url))
      yield { where, what: 'say in `via` what follows the address', isWarning: true };
    else if (url.startsWith('http:')) yield { where, what: 'is not https', isWarning: true };
    else yield* wrongAddress(where, url);
  }
};

function* wrongAddress(where: string, text: string): Generator<Omit<Finding, 'id'>> {
  const url = URL.parse(text.replace(/\{\w+\}/g, 'x'));
  if (url === null || /\s/.test(text)) yield { where, what: 'must be a URL' };
  else if (url.protocol !== 'https:') yield { where, what: 'must be https' };
  else if (url.username !== '' || url.password !== '') yield { where, what: 'must hold no user' };
  else if (!text.includes('{') && (!url.hostname.includes('.') || isReserved(url.hostname))) {
    yield { where, what: "must be on a host of the provider's own" };
  }
}

/** RFC 2606, RFC 6761. */
function isReserved(host: string): boolean {
  return /(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$/.test(host);
}

/** Hosts that are named have that of the API among them. */
export const hosts: Rule = function* ({ provider: { apiBaseUrl, apiHosts } }) {
  const host = /^https:\/\/([^/]+)/.exec(apiBaseUrl)?.[1];
  // What stands for a host that is told later is checked then.
  if (host === undefined || host.includes('{') || apiHosts.length === 0) return;
  if (isNamed(new URL(`https://${host}`), apiHosts)) return;
  yield { where: 'provider.apiHosts', what: `must cover ${host}, the host of apiBaseUrl` };
};

/** What users say leads to the hosts that are named: a client secret follows it there. */
export const endpointHosts: Rule = function* ({ entry }: Judged) {
  const { endpointHosts: named, ...fields } = entry.provider;
  if (!Array.isArray(named)) return;
  const byUser = Object.entries(entry.variables).filter(([, { by }]) => by === 'user');
  const examples = Object.fromEntries(byUser.map(([name, { example }]) => [name, example]));
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || !name.endsWith('Endpoint')) continue;
    const isLed = fieldsOf(value).some((field) => Object.hasOwn(examples, field));
    if (!isLed || fixedOriginOf(value) !== undefined) continue;
    if (!isNamed(exampled(fillKnown(value, examples)), named)) {
      const where = `provider.${name}`;
      yield { where, what: 'leads to a host that provider.endpointHosts does not name' };
    }
  }
};

function exampled(template: string): URL {
  return new URL(template.replace(/\{\w+\}/g, 'x'));
}
