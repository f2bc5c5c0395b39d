import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { redactText } from '../calls/redact.ts';
import { privateHeaders } from '../private-headers.ts';

/**
 * Headers of an API's answer that are about something else than the answer: about the API's own
 * connection, origin or infrastructure. They would be taken as being about ours.
 */
const dropped = new RegExp(
  `^(?:${[
    // For the next hop, which is us (RFC 9110 §7.6.1); Node frames our own answer.
    'connection|keep-alive|te|trailer|transfer-encoding|upgrade|http2-settings|proxy-.*',
    // Credentials, and requests for some: a browser would ask its user for a password in our name,
    // and a client would take the challenge as ours. Only our own 401 has `www-authenticate`.
    'set-cookie2?|cookie2?|authorization|www-authenticate|authentication-info|set-login',
    // What a browser is to know about an origin, its pages and who may read them.
    'access-control-.*|cross-origin-.*|timing-allow-origin|origin-agent-cluster|origin-trial',
    'strict-transport-security|public-key-pins(?:-report-only)?|expect-ct|alt-svc|alt-used',
    '(?:x-)?content-security-policy(?:-report-only)?|x-webkit-csp|x-frame-options',
    'x-xss-protection|x-permitted-cross-domain-policies|x-download-options|x-ua-compatible',
    '(?:permissions|feature|document|referrer|require-document)-policy(?:-report-only)?',
    'clear-site-data|service-worker.*|refresh|(?:x-)?sourcemap|speculation-rules|nel|report-to',
    'reporting-endpoints|accept-ch(?:-lifetime)?|critical-ch|supports-loading-mode',
    'observe-browsing-topics|attribution-reporting-.*|activate-storage-access|use-as-dictionary',
    'x-dns-prefetch-control|sec-.*|integrity-policy(?:-report-only)?',
    // Orders to a server or a cache in front of us.
    'x-accel-.*|x-sendfile|x-lighttpd-.*|x-litespeed-.*|x-reproxy-.*|x-appengine-.*|x-envoy-.*',
    'surrogate-.*|edge-.*|(?:.*-)?cdn-cache-control|cache-tags?|fastly-.*|x-cascade',
    'x-original-.*|x-rewrite-.*|x-http-method-override|x-forwarded.*|forwarded|via|server|age',
    // Ours take their place.
    ...Object.keys(privateHeaders),
  ].join('|')})$`,
);

/** What another site wrote must not run as a page of the app's. */
const asNoPage = { 'content-security-policy': "sandbox; default-src 'none'" };
const ours = { ...privateHeaders, ...asNoPage };

/**
 * Cloud Run takes no larger answer of HTTP/1 that says its length; one in chunks may have any
 * (https://cloud.google.com/run/quotas).
 */
const longestToldBytes = 32 * 2 ** 20;

/** What no header takes (RFC 9110 §5.5), though an upstream may have sent it. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

/** Gives what a header that names an address is to say; undefined: it is left out. */
export type RewriteHeader = (name: string, value: string) => string | undefined;

/**
 * The headers of our answer that follow from the API's: all but those that are not about it, as an
 * SDK looks for headers of its own API. The secret is struck out in whichever form it is repeated.
 */
export function answerHeadersOf(
  headers: IncomingHttpHeaders,
  forms: readonly string[],
  rewrite: RewriteHeader,
  hasBody: boolean,
): OutgoingHttpHeaders {
  const fields = fieldsOf(headers, forms, rewrite);
  const length = fields['content-length'];
  if (hasBody && length !== undefined && Number(length) > longestToldBytes) {
    delete fields['content-length'];
  }
  // The API's caching rules do not hold for our address, which many users share.
  return { ...fields, ...ours };
}

/** The same of an answer's trailers. */
export function trailersOf(
  headers: IncomingHttpHeaders,
  forms: readonly string[],
): Record<string, string> {
  return fieldsOf(headers, forms, (_, value) => value);
}

function fieldsOf(
  headers: IncomingHttpHeaders,
  forms: readonly string[],
  rewrite: RewriteHeader,
): Record<string, string> {
  const hops = headers.connection?.toLowerCase().split(/[\s,]+/) ?? [];
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || hops.includes(name) || unsendable.test(value)) continue;
    // Some servers read the one for the other.
    if (dropped.test(name.replaceAll('_', '-'))) continue;
    const rewritten = rewrite(name, value);
    if (rewritten !== undefined) fields[name] = rewritten;
  }
  const all = Object.values(fields).join('\n');
  if (!forms.some((form) => all.includes(form))) return fields;
  const redacted = Object.entries(fields).map(([name, value]) => [name, redactText(value, forms)]);
  return Object.fromEntries(redacted);
}
