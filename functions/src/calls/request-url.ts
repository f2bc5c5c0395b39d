import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import type { Api } from './api-base.ts';
import type { ApiCall } from './request-guard.ts';

/**
 * Builds the one URL that a call may reach, below the API's base URL.
 *
 * @throws StrongroomError `method_not_allowed`, `path_not_allowed`; `invalid_argument` for a query
 *   that holds a credential.
 */
export function urlOf({ provider, base }: Api, { method, path, query = {} }: ApiCall): URL {
  if (!v.is(v.picklist(provider.methods), method)) {
    throw new StrongroomError(
      'method_not_allowed',
      `This provider allows ${provider.methods.join(', ')}.`,
      { field: 'method' },
    );
  }
  const prefix = base.pathname.replace(/\/$/, '');
  if (!isPlainPath(path, provider.allowEncodedSlash)) throw pathNotAllowed();
  const url = new URL(base.origin + prefix + path);
  const stays = url.origin === base.origin && url.pathname.startsWith(`${prefix}/`);
  if (!stays || url.search !== '' || url.hash !== '') throw pathNotAllowed();
  for (const [name, value] of base.searchParams) url.searchParams.append(name, value);
  assertNoTokenAmong(Object.keys(query), { provider, base });
  for (const [name, values] of Object.entries(query)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      url.searchParams.append(name, value);
    }
  }
  return url;
}

/**
 * The same for a call whose path may be a URL: below that base URL, or of another host of the API.
 *
 * @throws as `urlOf`.
 */
export function urlAt(api: Api, call: ApiCall): URL {
  const [, authority, path = '', query] = parts.exec(call.path) ?? [];
  if (authority === undefined) return urlOf(api, call);
  const place = placeOf(api, authority, path);
  if (place === undefined || query !== undefined || call.path.includes('#')) throw pathNotAllowed();
  return urlOf({ ...api, base: place.base }, { ...call, path: place.path });
}

/**
 * The same for a caller that states the URL whole, as axios does: absolute, or a path below the
 * provider's API base URL; the query as it is.
 *
 * @throws StrongroomError `method_not_allowed`, `path_not_allowed`.
 */
export function urlWithin(api: Api, method: string, address: string): URL {
  const { base } = api;
  const prefix = base.pathname.replace(/\/$/, '');
  const [, authority, path = '', query = ''] = parts.exec(address) ?? [];
  const place = authority === undefined ? { base, path } : placeOf(api, authority, path);
  if (place === undefined) {
    throw new StrongroomError(
      'path_not_allowed',
      `The credential of this connection goes to ${base.origin}${prefix}/ and to hosts that the ` +
        'settings name (apiHosts), nowhere else. For other addresses use a client without credential.',
      { field: 'url' },
    );
  }
  const url = urlOf({ ...api, base: place.base }, { method, path: place.path });
  // Some servers take ";" for "&".
  assertNoTokenAmong(new URLSearchParams(query.replaceAll(';', '&')).keys(), api);
  if (query !== '') url.search = [url.search.slice(1), query].filter(Boolean).join('&');
  return url;
}

/** Scheme and authority, path, query (RFC 3986 appendix B); a fragment is left out. */
const parts = /^([a-z][a-z\d+.-]*:\/\/[^/?#\\]*)?([^?#]*)(?:\?([^#]*))?/i;

/**
 * Where a URL leads: below the base URL, or to another host that the data names by itself, whatever the
 * path. A pattern (`*.example.com`) is for what the provider tells, not for what callers ask for.
 */
function placeOf(
  { provider, base }: Api,
  authority: string,
  path: string,
): { readonly base: URL; readonly path: string } | undefined {
  const prefix = base.pathname.replace(/\/$/, '');
  if (isOrigin(authority, base.origin)) {
    const isBelow = path.startsWith(`${prefix}/`);
    return isBelow ? { base, path: path.slice(prefix.length) } : undefined;
  }
  const hosts = provider.apiHosts.filter((name) => !name.startsWith('*'));
  const host = hosts.find((name) => isOrigin(authority, `https://${name}`));
  return host === undefined ? undefined : { base: new URL(`https://${host}`), path };
}

function isOrigin(authority: string, origin: string): boolean {
  if (authority.includes('@') || !URL.canParse(authority)) return false;
  return new URL(authority).origin === origin;
}

/** Parameters in which APIs take a credential (RFC 6750 §2.3, OAuth 1.0). */
const tokenParameters = ['access_token', 'oauth_token'];

/** A caller may neither add a credential of his own nor repeat what the base URL's query says. */
function assertNoTokenAmong(names: Iterable<string>, { provider, base }: Api): void {
  const ours = [...base.searchParams.keys(), ...Object.keys(provider.credential.query)];
  const reserved = new Set([...tokenParameters, ...ours].map(asServersRead));
  for (const name of names) {
    const read = asServersRead(name);
    if (!reserved.has(read)) continue;
    throw new StrongroomError(
      'invalid_argument',
      "The query holds a parameter that is not the caller's to set: it carries a credential, or " +
        "the provider's settings set it.",
      { field: tokenParameters.includes(read) ? `query.${read}` : 'query' },
    );
  }
}

/** Some servers fold case, take "." and " " for "_", and end a name at "[" or NUL. */
function asServersRead(name: string): string {
  return name
    .normalize('NFKC')
    .trim()
    .replace(/[[\0].*$/s, '')
    .replace(/[\s.]/g, '_')
    .toLowerCase();
}

/** Segments of `pchar` (RFC 3986 §3.3) but for ";", none of them empty. */
const segments = /^(?:\/(?:[\w.~!$&'()*+,=:@-]|%[0-9a-f]{2})+)*\/?$/i;
/** Encoded ".", "/", "\", ";", "%" and control characters: servers disagree about what they mean. */
const encodedTrick = /%(?:2e|5c|3b|25|[01][0-9a-f]|7f)/i;
const encodedSlash = /%2f/gi;

/** A path that every server reads alike. */
function isPlainPath(path: string, allowEncodedSlash: boolean): boolean {
  if (!allowEncodedSlash && path.search(encodedSlash) !== -1) return false;
  return (
    path.startsWith('/') &&
    path.length <= 4_096 &&
    segments.test(path) &&
    !encodedTrick.test(path) &&
    isPlainText(path)
  );
}

/** UTF-8, none of it overlong (RFC 3629 §3); no segment that some server reads as dots, or as two. */
function isPlainText(path: string): boolean {
  return (
    path === '/' ||
    path
      .replace(/^\/|\/$/g, '')
      .split('/')
      .every(isPlainSegment)
  );
}

/** Encoded slashes may stand side by side, as in the URL that a segment is; never beside dots. */
function isPlainSegment(segment: string): boolean {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    return false;
  }
  const parts = text.normalize('NFKC').split(/[/\\]/);
  const { length: count } = segment.split(encodedSlash);
  const isOne = count === 1;
  return (
    parts.length === count && !parts.some((part) => (isOne || part !== '') && /^[.\s]*$/.test(part))
  );
}

function pathNotAllowed(): StrongroomError {
  return new StrongroomError(
    'path_not_allowed',
    'The path must start with "/" (or be a URL of a host that apiHosts names), hold no "..", "//", "\\", ";" or encoded separator, and no ' +
      'query: that goes into the field query.',
    { field: 'path' },
  );
}
