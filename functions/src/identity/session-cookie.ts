import type { Request } from 'firebase-functions/https';

/** What Firebase Hosting passes on; no other cookie reaches a function behind it. */
export const usualCookie = '__session';

/** The name of a cookie (RFC 6265 §4.1.1). */
const namePattern = /^[\w!#$%&'*+.^`|~-]+$/;

/** Whether cookies of that name can be read. */
export function isCookieName(name: string): boolean {
  return namePattern.test(name);
}

/**
 * The session cookie of a request, where a page of the app itself sent it.
 *
 * Undefined also where there are two of that name: a neighbouring host may set one beside the app's,
 * and nobody can tell which is whose (RFC 6265 §8.6).
 */
export function sessionCookieOf(request: Request, name = usualCookie): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const values = pairs.flatMap((pair) =>
    pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : [],
  );
  const [value, another] = values;
  const isOne = value !== undefined && another === undefined && /^[\w.-]+$/.test(value);
  return isOne && isMeant(request) ? value : undefined;
}

/** Methods that ask for nothing to be changed (RFC 9110 §9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * A browser adds the cookie to requests that another site makes; it also says so (Fetch Metadata), or
 * names the origin. What would change something needs that word: without it, it is refused.
 */
function isMeant({ method, headers }: Request): boolean {
  const isSafe = safeMethods.has(method);
  const site = headers['sec-fetch-site'];
  // `none`: somebody typed the address, or opened a bookmark.
  if (site !== undefined) return site === 'same-origin' || (isSafe && site === 'none');
  const { origin } = headers;
  // No browser, or one that is too old to say, which shows nobody else what it gets.
  if (origin === undefined) return isSafe;
  return isOwn(origin, headers);
}

/** No page can set these fields for a request to another site. */
function isOwn(
  origin: string,
  { host, 'x-forwarded-host': forwarded }: Request['headers'],
): boolean {
  if (!URL.canParse(origin)) return false;
  const own = new URL(origin);
  const isSecure = own.protocol === 'https:' || own.hostname === '127.0.0.1';
  const hosts = [host, typeof forwarded === 'string' ? forwarded : undefined];
  return isSecure && hosts.includes(own.host);
}
