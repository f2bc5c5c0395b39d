import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** A call as the caller states it; the vault adds the host and the credential. */
export interface ApiCall {
  readonly method: string;
  /** Below the provider's API base URL: `/me`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What becomes of headers that callers may not set. Default: `refused`; a proxy drops them. */
  readonly otherHeaders?: 'refused' | 'dropped' | undefined;
  readonly body?: string | Uint8Array | undefined;
}

/** Request headers a caller may always set. Whatever is not here or in the settings is refused. */
const allowedHeaders = new Set([
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'prefer',
  'range',
]);

/** Headers that no setting can open: they carry credentials, the route or the framing. */
const forbiddenHeader =
  /^(authorization|cookie2?|host|connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade|via|forwarded|proxy-.*|x-forwarded-.*|x-real-ip)$/;

const visible = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Builds the one URL that a call may reach.
 *
 * @throws StrongroomError `method_not_allowed`, `path_not_allowed`.
 */
export function urlOf(provider: Provider, { method, path, query = {} }: ApiCall): URL {
  if (!v.is(v.picklist(provider.methods), method)) {
    throw new StrongroomError(
      'method_not_allowed',
      `This provider allows ${provider.methods.join(', ')}.`,
      { field: 'method' },
    );
  }
  const base = new URL(provider.apiBaseUrl);
  const prefix = base.pathname.replace(/\/$/, '');
  if (!isPlainPath(path)) throw pathNotAllowed();
  const url = new URL(base.origin + prefix + path);
  const stays = url.origin === base.origin && url.pathname.startsWith(`${prefix}/`);
  if (!stays || url.search !== '' || url.hash !== '') throw pathNotAllowed();
  for (const [name, value] of base.searchParams) url.searchParams.append(name, value);
  for (const [name, values] of Object.entries(query)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      url.searchParams.append(name, value);
    }
  }
  return url;
}

/** Segments of `pchar` (RFC 3986 §3.3) but for ";", none of them empty. */
const segments = /^(?:\/(?:[\w.~!$&'()*+,=:@-]|%[0-9a-f]{2})+)*\/?$/i;
/** Encoded ".", "/", "\", ";", "%", NUL, CR and LF: servers disagree about what they mean. */
const encodedTrick = /%(?:2e|2f|5c|3b|25|00|0a|0d)/i;

/** A path that every server reads alike. */
function isPlainPath(path: string): boolean {
  return (
    path.startsWith('/') &&
    path.length <= 4_096 &&
    segments.test(path) &&
    !encodedTrick.test(path) &&
    !path.split('/').some((segment) => segment === '.' || segment === '..')
  );
}

function pathNotAllowed(): StrongroomError {
  return new StrongroomError(
    'path_not_allowed',
    'The path must start with "/", hold no "..", "//", "\\", ";" or encoded separator, and no ' +
      'query: that goes into the field query.',
    { field: 'path' },
  );
}

/**
 * The caller's headers, lower-cased, each of them allowed.
 *
 * @throws StrongroomError `header_not_allowed` naming the header.
 */
export function headersOf(
  provider: Provider,
  headers: ApiCall['headers'] = {},
  others: ApiCall['otherHeaders'] = 'refused',
) {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const known = allowedHeaders.has(lower) || provider.requestHeaders.includes(lower);
    const allowed = known && !forbiddenHeader.test(lower);
    if (!allowed && others === 'dropped') continue;
    if (!allowed || lower in checked || !visible.test(value)) throw headerNotAllowed(lower);
    checked[lower] = value;
  }
  return checked;
}

function headerNotAllowed(name: string): StrongroomError {
  const shown = /^[a-z0-9-]{1,64}$/.test(name) ? name : 'headers';
  return new StrongroomError(
    'header_not_allowed',
    `The header ${shown} may not be set by callers. Allowed are ${[...allowedHeaders].join(', ')}.`,
    { field: shown },
  );
}

/** Answer headers that callers get to see; no cookie and no hop-by-hop header among them. */
const shownHeader =
  /^(cache-control|content-(disposition|language|range|type)|accept-ranges|date|etag|expires|last-modified|link|location|retry-after|vary|x-request-id|request-id|(x-)?rate-?limit(-.*)?)$/;

export function shownHeadersOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => shownHeader.test(name)));
}
