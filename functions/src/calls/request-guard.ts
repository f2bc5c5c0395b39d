import { StrongroomError } from '../errors.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** A call as the caller states it; the vault adds the host and the credential. */
export interface ApiCall {
  readonly method: string;
  /** Below the provider's API base URL: `/me`; or a URL of another host that `apiHosts` names. */
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
  'user-agent',
]);

/** Headers that no setting can open: they carry credentials, the route or the framing. */
const forbiddenHeader = new RegExp(
  `^(?:${[
    'authorization|dpop|(?:x-)?proxy-.*|(?:set-)?cookie2?|host|x-host',
    'connection|content-length|expect|http2-settings|keep-alive|te|trailer|transfer-encoding|upgrade',
    'via|forwarded|x-forwarded(?:-.*)?|x-real-ip|true-client-ip|(?:x-(?:cluster-)?)client-ip',
    'x-original-.*|x-rewrite-url',
  ].join('|')})$`,
);

const visible = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Also where the provider takes its credential in a header of its own. */
function isForbidden({ credential }: Provider, lower: string): boolean {
  return forbiddenHeader.test(lower) || Object.hasOwn(credential.headers, lower);
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
  const hops = hopsOf(headers);
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (hops.has(lower) && others === 'dropped') continue;
    const known = allowedHeaders.has(lower) || provider.requestHeaders.includes(lower);
    const allowed = known && !isForbidden(provider, lower);
    if (!allowed && others === 'dropped') continue;
    if (!allowed || lower in checked || !visible.test(value)) throw headerNotAllowed(lower);
    checked[lower] = value;
  }
  return checked;
}

/** What the header `connection` names is for the next hop, which is us (RFC 9110 §7.6.1). */
function hopsOf(headers: Readonly<Record<string, string>>): ReadonlySet<string> {
  const connections = Object.entries(headers).filter(([name]) => /^connection$/i.test(name));
  const names = connections.flatMap(([, value]) => value.split(','));
  return new Set(names.map((name) => name.trim().toLowerCase()));
}

/**
 * Refuses what the app's own code may not set either: credentials, the route, the framing.
 *
 * @throws StrongroomError `header_not_allowed` naming the header.
 */
export function assertNoCredential(
  provider: Provider,
  headers: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!isForbidden(provider, lower) && visible.test(String(value))) continue;
    const shown = shownName(lower);
    throw new StrongroomError(
      'header_not_allowed',
      `The header ${shown} is not the caller's to set: it carries a credential, the route or the ` +
        'framing of the request, or its value has characters that no header takes.',
      { field: shown },
    );
  }
}

const shownName = (name: string) => (/^[a-z0-9-]{1,64}$/.test(name) ? name : 'headers');

function headerNotAllowed(name: string): StrongroomError {
  const shown = shownName(name);
  return new StrongroomError(
    'header_not_allowed',
    `The header ${shown} may not be set by callers. Allowed are ${[...allowedHeaders].join(', ')}.`,
    { field: shown },
  );
}

/** Answer headers that callers get to see; no cookie and no hop-by-hop header among them. */
const shownHeader =
  /^(cache-control|content-(disposition|language|range|type)|accept-ranges|date|etag|expires|last-modified|link|location|retry-after|vary|x-request-id|request-id|(x-)?rate-?limit(-.*)?)$/;

/** @param further that the provider's data names. */
export function shownHeadersOf(
  headers: Readonly<Record<string, string>>,
  further: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => shownHeader.test(name) || further.includes(name)),
  );
}
