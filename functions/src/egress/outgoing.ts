import { isIP } from 'node:net';
import { isAllowedAddress, isLoopbackHttp } from './addresses.ts';

/** Why the guard refused a request. It is one of these words and nothing of the request. */
export type RefusalReason =
  | 'scheme'
  | 'user_information'
  | 'host'
  | 'origin'
  | 'address'
  | 'method'
  | 'header';

interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowedOrigins?: readonly string[] | undefined;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A name below a public top-level domain: no single label, no trailing dot (RFC 1123 §2.1). */
const publicName =
  /^(?=.{1,253}$)(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)+(?!\d+$)[a-z\d][a-z\d-]{0,61}[a-z\d]$/;
/** Names that no public resolver knows (RFC 6761, RFC 6762, RFC 8375): what they mean is local. */
const localName =
  /(?:^|\.)(?:internal|intranet|local|localhost|localdomain|lan|corp|home|home\.arpa|onion)$/;

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~\da-z-]+$/i;
/** RFC 9110 §5.5: no control character but the tab, nothing beyond a byte. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The door itself writes these, from the URL and the body; RFC 9110 §7.6.1 and RFC 9112 §6. */
const framing =
  /^(?:connection|content-length|expect|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

/** Why this request may not leave; `undefined` where it may. What a name means comes later. */
export function refusalOf(
  { url, method, headers, allowedOrigins }: Outgoing,
  allowLoopback: boolean,
): RefusalReason | undefined {
  const reason = refusalOfUrl(url, allowLoopback, allowedOrigins);
  if (reason !== undefined) return reason;
  if (!methods.has(method)) return 'method';
  return areHeaders(headers) ? undefined : 'header';
}

/** The same of the URL alone. */
export function refusalOfUrl(
  url: URL,
  allowLoopback: boolean,
  allowedOrigins?: readonly string[],
): RefusalReason | undefined {
  if (url.username !== '' || url.password !== '') return 'user_information';
  const toThisMachine = allowLoopback && isLoopbackHttp(url);
  if (url.protocol !== 'https:' && !toThisMachine) return 'scheme';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    if (!isAllowedAddress(host, allowLoopback)) return 'address';
  } else if (!isPublicName(host) && !(allowLoopback && host === 'localhost')) {
    return 'host';
  }
  if (allowedOrigins !== undefined && !allowedOrigins.includes(url.origin)) return 'origin';
  return undefined;
}

function isPublicName(host: string): boolean {
  return publicName.test(host) && !localName.test(host);
}

function areHeaders(headers: Outgoing['headers']): boolean {
  const seen = new Set<string>();
  return Object.entries(headers).every(([name, value]) => {
    const lower = name.toLowerCase();
    const isNew = !seen.has(lower);
    seen.add(lower);
    return isNew && token.test(name) && !framing.test(name) && fieldValue.test(value);
  });
}
