import assert from 'node:assert/strict';
import { formsOf } from '../../src/calls/redact.ts';
import { answerHeadersOf, trailersOf } from '../../src/proxy/answer-headers.ts';

const secret = 'ya29.a0/Af_H6+SMB~x-yz==';
const asIs = (_: string, value: string) => value;
const headersOf = (headers: Record<string, string | string[]>) =>
  answerHeadersOf(headers, formsOf(secret), asIs, true);

const ours = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
};

describe('the headers of an answer by the proxy', () => {
  it('are those of the API that an SDK looks for, as they are', () => {
    const passed = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': '12',
      'content-encoding': 'br',
      'content-range': 'bytes 0-1/2',
      'content-disposition': 'attachment; filename="a"',
      'content-language': 'de',
      'content-md5': 'abc=',
      digest: 'sha-256=abc=',
      'accept-ranges': 'bytes',
      allow: 'GET',
      etag: 'W/"1"',
      'last-modified': 'Sun, 22 Nov 2026 12:00:00 GMT',
      expires: '0',
      date: 'Sun, 22 Nov 2026 12:00:00 GMT',
      vary: 'Accept, Accept-Encoding',
      'retry-after': '7',
      deprecation: '@1',
      sunset: 'Sun, 22 Nov 2026 12:00:00 GMT',
      'x-ratelimit-limit': '60',
      'x-ratelimit-remaining': '59',
      ratelimit: '"default";r=1;t=1',
      'ratelimit-policy': '"default";q=1',
      'x-oauth-scopes': 'repo, user',
      'x-accepted-oauth-scopes': 'repo',
      'x-github-request-id': '1',
      'x-github-media-type': 'github.v3',
      'x-poll-interval': '60',
      'request-id': 'req_1',
      'stripe-version': '2026-01-01',
      'stripe-should-retry': 'false',
      'idempotency-key': 'a',
      'sforce-limit-info': 'api-usage=1/100',
      'x-slack-req-id': '1',
      'x-slack-failure': 'a',
      'x-goog-hash': 'crc32c=abc=',
      'x-goog-generation': '1',
      'x-guploader-uploadid': '1',
      'x-upload-content-length': '5',
      'ms-cv': '1',
      'client-request-id': '1',
      'x-amz-request-id': '1',
      'x-total-count': '9',
      'x-next-page': '2',
      'x-api-version': '7',
      'mcp-session-id': '1',
    };
    assert.deepEqual(headersOf(passed), { ...passed, ...ours });
  });

  const kinds: Record<string, readonly string[]> = {
    'a cookie, as all of the app would get it': ['set-cookie', 'set-cookie2', 'cookie'],
    'for the next hop, which is the proxy': [
      ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer'],
      ...['transfer-encoding', 'upgrade', 'http2-settings', 'proxy-authentication-info'],
    ],
    'a credential, or asks for one in our name': [
      ...['authorization', 'www-authenticate', 'authentication-info', 'proxy-authorization'],
    ],
    "about the API's own origin": [
      ...[
        'strict-transport-security',
        'public-key-pins',
        'expect-ct',
        'alt-svc',
        'clear-site-data',
      ],
      ...['service-worker-allowed', 'service-worker-navigation-preload', 'origin-agent-cluster'],
      ...['permissions-policy', 'feature-policy', 'referrer-policy', 'document-policy', 'nel'],
      ...['report-to', 'reporting-endpoints', 'accept-ch', 'critical-ch', 'speculation-rules'],
    ],
    'about who may read the API, which is another origin': [
      ...['access-control-allow-origin', 'access-control-allow-credentials', 'timing-allow-origin'],
      ...['access-control-expose-headers', 'cross-origin-resource-policy'],
      ...['cross-origin-opener-policy', 'cross-origin-embedder-policy-report-only'],
    ],
    'about what a page may do': [
      ...['content-security-policy-report-only', 'x-content-security-policy', 'x-webkit-csp'],
      ...['x-frame-options', 'x-xss-protection', 'refresh', 'sourcemap', 'x-sourcemap'],
    ],
    'an order to what stands in front of us': [
      ...['x-accel-redirect', 'x-accel-buffering', 'x-sendfile', 'x-lighttpd-send-file'],
      ...['x-litespeed-location', 'surrogate-control', 'surrogate-key', 'cdn-cache-control'],
      ...['cloudflare-cdn-cache-control', 'edge-control', 'cache-tag', 'x-appengine-blobkey'],
      ...['x-cascade', 'fastly-no-shield', 'x-reproxy-url', 'x_accel_redirect', 'set_cookie'],
    ],
  };
  for (const [what, names] of Object.entries(kinds)) {
    it(`are without what is ${what}: ${names.join(', ')}`, () => {
      for (const name of names) assert.deepEqual(headersOf({ [name]: 'theirs' }), ours, name);
    });
  }

  it('are our own about caching, sniffing and running, whatever the API says', () => {
    const theirs = Object.fromEntries(Object.keys(ours).map((name) => [name, 'public']));
    assert.deepEqual(headersOf(theirs), ours);
  });

  it('are without those that the header connection names', () => {
    const connection = 'close, X-One ,x-two';
    const theirs = { connection, 'x-one': '1', 'x-two': '2', 'x-three': '3' };
    assert.deepEqual(headersOf(theirs), { 'x-three': '3', ...ours });
  });

  it('hold asterisks where the API repeats the credential, in whichever form', () => {
    for (const form of formsOf(secret)) {
      const { 'x-echo': echo } = headersOf({ 'x-echo': `a ${form} b`, 'x-other': '1' });
      assert.equal(echo, `a ${'*'.repeat(form.length)} b`);
    }
  });

  it('are without a value that no header takes', () => {
    for (const value of ['a\u0000b', 'a\u007fb', 'a\r\nb: c', '\u0100']) {
      assert.deepEqual(headersOf({ 'x-odd': value }), ours);
    }
  });

  it('are without what the rewriting leaves out', () => {
    const headers = { location: 'a', etag: '"b"' };
    const onlyTag = (name: string, value: string) => (name === 'etag' ? value : undefined);
    const left = answerHeadersOf(headers, [], onlyTag, true);
    assert.deepEqual(left, { etag: '"b"', ...ours });
  });

  it('tell no length that the platform would refuse: a larger body goes in chunks', () => {
    const most = 32 * 2 ** 20;
    for (const [length, hasBody, told] of [
      [most, true, true],
      [most + 1, true, false],
      [most + 1, false, true],
    ] as const) {
      const headers = { 'content-length': String(length) };
      const { 'content-length': left } = answerHeadersOf(headers, [], asIs, hasBody);
      assert.equal(left, told ? String(length) : undefined);
    }
  });

  it('keep to the same rules as trailers', () => {
    const trailers = { 'x-checksum': '1', 'set-cookie': ['a=b'], refresh: '0', 'x-echo': secret };
    assert.deepEqual(trailersOf(trailers, formsOf(secret)), {
      'x-checksum': '1',
      'x-echo': '*'.repeat(secret.length),
    });
  });
});
