import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { posix } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { listen } from '../../../sandbox/http/local-server.ts';
import { apiOf } from '../../src/calls/api-base.ts';
import { type ApiCall, headersOf, shownHeadersOf } from '../../src/calls/request-guard.ts';
import { urlOf, urlWithin } from '../../src/calls/request-url.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { type Provider, settingsSchema } from '../../src/providers/settings-schema.ts';

function providerWith(change: object = {}): Provider {
  const { providers } = v.parse(settingsSchema, {
    app: { redirectUri: 'https://app.example/', returnTo: ['https://app.example/'] },
    providers: {
      one: {
        kind: 'oidc',
        name: 'One',
        issuer: 'https://id.example',
        clientId: 'client',
        apiBaseUrl: 'https://api.example/v1',
        ...change,
      },
    },
  });
  const { one } = providers;
  assert.ok(one !== undefined);
  return { ...one, id: 'one' };
}

const provider = providerWith();
const echo = v.object({ got: v.string(), read: v.string() });
const urlFor = (path: string, call: Partial<ApiCall> = {}) =>
  urlOf(apiOf(provider, {}), { method: 'GET', path, ...call }).href;

describe('the URL of a call', () => {
  const accepted: readonly [path: string, url: string][] = [
    ['/', 'https://api.example/v1/'],
    ['/me', 'https://api.example/v1/me'],
    ['/me/', 'https://api.example/v1/me/'],
    ['/users/a%20b', 'https://api.example/v1/users/a%20b'],
    ['/users/%C3%A9', 'https://api.example/v1/users/%C3%A9'],
    ["/a-._~!$&'()*+,=:@/b", "https://api.example/v1/a-._~!$&'()*+,=:@/b"],
    ['/files/report.v1..2.pdf', 'https://api.example/v1/files/report.v1..2.pdf'],
    ['/mailto:x@y.example', 'https://api.example/v1/mailto:x@y.example'],
    ['/@evil.example', 'https://api.example/v1/@evil.example'],
    ['/https:', 'https://api.example/v1/https:'],
    ['/a%3Fb%23c%26d', 'https://api.example/v1/a%3Fb%23c%26d'],
    ['/%E6%96%87%E4%BB%B6%EF%BC%9B1', 'https://api.example/v1/%E6%96%87%E4%BB%B6%EF%BC%9B1'],
    ['/.well-known/x', 'https://api.example/v1/.well-known/x'],
    ['/..a/b..', 'https://api.example/v1/..a/b..'],
  ];
  for (const [path, url] of accepted) {
    it(`takes ${path} below the base URL`, () => assert.equal(urlFor(path), url));
  }

  const refused = [
    '',
    'me',
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    '@evil.example',
    ':8080/',
    '.evil.example/',
    '/..',
    '/../admin',
    '/a/../../admin',
    '/a/..',
    '/.',
    '/./a',
    '/a/./b',
    '/%2e%2e/admin',
    '/%2E%2E/admin',
    '/.%2e/admin',
    '/%2e/a',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a%5Cb',
    '/a%252e%252e/b',
    '/a%25',
    '/a;b',
    '/..;/admin',
    '/a%3bb',
    '/a%00b',
    '/a%0ab',
    '/a%0D%0Ab',
    '/a\r\nb',
    '/a\nb',
    '/a\tb',
    '/a b',
    '/a\u0000b',
    '/a\u00a0b',
    '/é',
    '/\u2024\u2024/a',
    '/\uff0e\uff0e/a',
    '/\ud800',
    '/a//b',
    '//',
    '/a//',
    '/a?b=c',
    '/a?',
    '/a#b',
    '/a#',
    '/a%',
    '/a%2',
    '/a%zz',
    // Overlong and broken UTF-8.
    '/%c0%ae%c0%ae/admin',
    '/%C0%AE%c0%ae/admin',
    '/a%c0%afb',
    '/a%c1%9cb',
    '/a%e0%80%afb',
    '/%e0%80%ae%e0%80%ae/a',
    '/a%f0%80%80%afb',
    '/a%c0%80b',
    '/a%ff',
    '/a%e9',
    '/a%ed%a0%80',
    // What becomes a dot or a separator when it is folded.
    '/%e2%80%a5/admin',
    '/%ef%bc%8e%ef%bc%8e/admin',
    '/%e2%80%a4%e2%80%a4/admin',
    '/%ef%bc%8e./admin',
    '/a%ef%bc%8fb',
    '/a%ef%bc%bcb',
    '/a%e2%84%80b',
    // What some servers trim.
    '/..%20/admin',
    '/%20../admin',
    '/%20/a',
    '/.../a',
    '/..%c2%a0/a',
    '/a/..%20',
    '/a%09b',
    '/a%1bb',
    '/a%7Fb',
    '/a"b',
    '/<a>',
    '/a|b',
    '/a^b',
    '/a`b',
    '/{a}',
    '/[a]',
    `/${'a'.repeat(4_096)}`,
  ];
  for (const path of refused) {
    it(`refuses the path ${JSON.stringify(path).slice(0, 40)}`, () => {
      assert.throws(() => urlFor(path), { code: 'path_not_allowed', details: { field: 'path' } });
    });
  }

  const hostile = fc.array(
    fc.oneof(
      fc.constantFrom(
        ...['/', '//', '..', '.', '\\', '%2e', '%2F', '%5c', '%25', ';', '@', ':', '?', '#', '%'],
        ...['evil.example', 'https://', '\t', '\n', '\r', '\u0000', '%00', 'a', '~', '\uff0f'],
        ...['%2E', '%2f', '%5C', '%3b', '%3B', '%c0%ae', '%C0%AF', '%e0%80%af', '%c1%9c', '%20'],
        ...['%ef%bc%8e', '%EF%BC%8F', '%e2%80%a5', '%252e', '..;', '/../', '/./', '...', '%c3%a9'],
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 8 },
  );
  for (const base of [
    'https://api.example',
    'https://api.example/',
    'https://api.example/v1',
    'https://api.example/v1/',
    'https://api.example:8443/a/b',
    'https://api.example/v1?key=1',
  ]) {
    it(`stays below ${base}, whatever path is accepted`, () => {
      const { origin, pathname } = new URL(base);
      const prefix = `${origin}${pathname.replace(/\/$/, '')}/`;
      const at = providerWith({ apiBaseUrl: base });
      let taken = 0;
      fc.assert(
        fc.property(hostile, (parts) => {
          let url: URL;
          try {
            url = urlOf(apiOf(at, {}), { method: 'GET', path: `/${parts.join('')}` });
          } catch {
            return;
          }
          taken += 1;
          assert.ok(url.href.startsWith(prefix), url.href);
          // What servers may make of it stays there as well.
          const decoded = decodeURIComponent(url.pathname);
          for (const read of [decoded, decoded.normalize('NFKC'), decodeURIComponent(decoded)]) {
            assert.ok(new URL(read, origin).href.startsWith(prefix), url.href);
          }
          assert.equal(url.search, new URL(base).search);
          assert.equal(url.hash, '');
          assert.equal(url.username + url.password, '');
        }),
        { numRuns: 3_000 },
      );
      assert.ok(taken > 100, `only ${taken} paths were accepted: the property says little`);
    });
  }

  it('is below the base URL where a server receives it, whatever path is accepted', async () => {
    const server = await listen(
      createServer((request, response) => {
        // As a careless server reads it: decoded, folded, dots resolved, more than once.
        const [path = ''] = (request.url ?? '').split('?');
        const once = decodeURIComponent(path).replaceAll('\\', '/');
        const twice = posix.normalize(posix.normalize(once.normalize('NFKC')));
        response.end(JSON.stringify({ got: request.url, read: twice }));
      }),
      0,
    );
    const egress = createEgress({ allowLoopback: true });
    const at = providerWith({ apiBaseUrl: `${server.url}/tenant/v1` });
    let sent = 0;
    try {
      await fc.assert(
        fc.asyncProperty(hostile, async (parts) => {
          let url: URL;
          try {
            url = urlOf(apiOf(at, {}), { method: 'GET', path: `/${parts.join('')}` });
          } catch {
            return;
          }
          sent += 1;
          const limits = { timeoutMs: 5_000, maxBytes: 100_000, keepAlive: true };
          const { body } = await egress({ url, method: 'GET', headers: {}, ...limits });
          const { got, read } = v.parse(echo, JSON.parse(Buffer.from(body).toString()));
          assert.equal(got, url.pathname);
          assert.ok(got.startsWith('/tenant/v1/'), got);
          assert.ok(read.startsWith('/tenant/v1/'), read);
        }),
        { numRuns: 3_000 },
      );
    } finally {
      await server.stop();
    }
    assert.ok(sent > 100, `only ${sent} paths were accepted: the property says little`);
  });

  it('carries the query, each value of a list once and in order', () => {
    const query = { q: 'a b&c=d#e', list: ['1', '2'], none: [], näme: 'ü' };
    assert.equal(
      urlFor('/search', { query }),
      'https://api.example/v1/search?q=a+b%26c%3Dd%23e&list=1&list=2&n%C3%A4me=%C3%BC',
    );
  });

  it('carries any query as it is, and nothing of it reaches host, path or fragment', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))),
        (pairs) => {
          const query = Object.fromEntries(pairs);
          const url = urlOf(apiOf(provider, {}), { method: 'GET', path: '/me', query });
          assert.equal(`${url.origin}${url.pathname}${url.hash}`, 'https://api.example/v1/me');
          const wellFormed = Object.entries(query).map((pair) => pair.map((s) => s.toWellFormed()));
          assert.deepEqual([...url.searchParams], wellFormed);
        },
      ),
    ));

  it("keeps the base URL's own query ahead of the caller's", () => {
    const at = providerWith({ apiBaseUrl: 'https://api.example/v1?key=1' });
    const url = urlOf(apiOf(at, {}), { method: 'GET', path: '/me', query: { other: '2' } });
    assert.equal(url.href, 'https://api.example/v1/me?key=1&other=2');
  });

  const doubles = [
    ...['access_token', 'Access_Token', 'ACCESS_TOKEN', ' access_token', 'access_token ', 'key'],
    ...['access_token[]', 'access_token[0]', 'access.token', 'access token', 'access_token\u0000'],
    ...['access_token\u0000x', '\uff41ccess_token', 'oauth_token', 'KEY', 'key[a]', 'K\u0045Y'],
  ];
  for (const name of doubles) {
    it(`refuses ${JSON.stringify(name)} in the query: a credential, or a value of the settings`, () => {
      const at = providerWith({ apiBaseUrl: 'https://api.example/v1?key=1' });
      const code = { code: 'invalid_argument' };
      const query = { [name]: 'x' };
      assert.throws(() => urlOf(apiOf(at, {}), { method: 'GET', path: '/me', query }), code);
      for (const pair of [new URLSearchParams(query), `a=1;${new URLSearchParams(query)}`]) {
        assert.throws(() => urlWithin(apiOf(at, {}), 'GET', `/me?${pair}`), code);
      }
    });
  }
  for (const name of [
    'token',
    'access_tokens',
    'x_access_token',
    'input_token',
    'keys',
    'monkey',
  ]) {
    it(`takes ${name} in the query`, () => {
      const at = providerWith({ apiBaseUrl: 'https://api.example/v1?key=1' });
      const url = urlOf(apiOf(at, {}), { method: 'GET', path: '/me', query: { [name]: 'x' } });
      assert.equal(url.search, `?key=1&${name}=x`);
    });
  }

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    it(`allows ${method}`, () => assert.ok(urlFor('/me', { method })));
  }
  const methods = [
    ...['get', 'CONNECT', 'TRACE', 'OPTIONS', 'PROPFIND', '', ' GET', 'GET ', 'GET\r\n'],
    ...['constructor', '__proto__', 'GET / HTTP/1.1'],
  ];
  for (const method of methods) {
    it(`refuses the method ${JSON.stringify(method)}`, () => {
      assert.throws(() => urlFor('/me', { method }), {
        code: 'method_not_allowed',
        details: { field: 'method' },
      });
    });
  }

  it('refuses a method that the settings do not list', () => {
    const readOnly = providerWith({ methods: ['GET', 'HEAD'] });
    assert.throws(() => urlOf(apiOf(readOnly, {}), { method: 'POST', path: '/me' }), {
      code: 'method_not_allowed',
      message: /GET, HEAD/,
    });
  });
});

describe('the headers of a call', () => {
  const refuses = (headers: Record<string, string>, at = provider, field?: string) =>
    assert.throws(() => headersOf(at, headers), {
      code: 'header_not_allowed',
      ...(field !== undefined && { details: { field } }),
    });

  it('are taken where they are usual, in small letters', () => {
    assert.deepEqual(headersOf(provider, { Accept: 'text/plain', 'IF-MATCH': '"1"' }), {
      accept: 'text/plain',
      'if-match': '"1"',
    });
    assert.deepEqual(headersOf(provider), {});
  });

  it('are taken where the settings list them, and only there', () => {
    const at = providerWith({ requestHeaders: ['x-custom'] });
    assert.deepEqual(headersOf(at, { 'X-Custom': '1' }), { 'x-custom': '1' });
    refuses({ 'X-Custom': '1' }, provider, 'x-custom');
  });

  it('are left out where that is asked for, but for those that the settings list', () => {
    const at = providerWith({ requestHeaders: ['x-custom', 'cookie'] });
    const headers = {
      'x-custom': '1',
      'x-other': '2',
      cookie: '3',
      Authorization: '4',
      range: '5',
    };
    assert.deepEqual(headersOf(at, headers, 'dropped'), { 'x-custom': '1', range: '5' });
    assert.throws(() => headersOf(at, { 'x-custom': 'a\nb' }, 'dropped'));
  });

  const credentialOrRoute = [
    ...['authorization', 'proxy-authorization', 'cookie', 'cookie2', 'host', 'connection'],
    ...['content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'via'],
    ...['keep-alive', 'proxy-connection', 'proxy-anything', 'forwarded', 'x-forwarded-for'],
    ...['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded', 'x-real-ip', 'http2-settings'],
    ...['true-client-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-host', 'set-cookie'],
    ...['x-original-url', 'x-original-host', 'x-rewrite-url', 'x-proxy-authorization'],
  ];
  for (const name of credentialOrRoute) {
    it(`never replace ${name}, in any case, even where the settings list it`, () => {
      const at = providerWith({ requestHeaders: [name] });
      for (const written of [
        name,
        name.toUpperCase(),
        name.replace(/^./, (c) => c.toUpperCase()),
      ]) {
        refuses({ [written]: 'x' }, provider, name);
        refuses({ [written]: 'x' }, at, name);
      }
    });
  }

  it('that the header connection names end here', () => {
    const at = providerWith({ requestHeaders: ['x-custom'] });
    const headers = {
      Connection: 'close, X-Custom ,range',
      'x-custom': '1',
      range: '2',
      accept: '3',
    };
    assert.deepEqual(headersOf(at, headers, 'dropped'), { accept: '3' });
    refuses(headers, at, 'connection');
  });

  for (const name of ['x-http-method-override', 'x-method-override', 'x-goog-user-project']) {
    it(`do not hold ${name} unless the settings list it`, () => refuses({ [name]: 'x' }));
  }

  for (const name of [
    ...['', ' accept', 'accept ', 'accept:', 'accept\r\nhost', 'acc\u0000ept', 'äccept'],
    ...['__proto__', 'constructor', 'toString', 'ACCEPT\u017f'],
  ]) {
    it(`refuse the name ${JSON.stringify(name)}`, () => {
      refuses(Object.fromEntries([[name, 'x']]));
    });
  }

  it('refuse the same header twice in different case', () => {
    refuses({ Accept: 'a', accept: 'b' }, provider, 'accept');
  });

  for (const value of [
    'a\r\nauthorization: b',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'a\u007fb',
    'ü→',
    'a\u2028b',
  ]) {
    it(`refuse the value ${JSON.stringify(value)}`, () => refuses({ accept: value }));
  }

  it('that are accepted never hold a character that could end a line, whatever they are', () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('Accept', 'range', 'Prefer'), fc.string({ unit: 'binary' })),
        (headers) => {
          try {
            for (const value of Object.values(headersOf(provider, headers))) {
              assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/);
            }
          } catch (error) {
            assert.equal(error instanceof Error && error.name, 'StrongroomError');
          }
        },
      ),
    ));

  it('that are refused are named only where their name is harmless', () => {
    refuses({ 'x-evil\r\n': 'x' }, provider, 'headers');
    refuses({ [`x-${'a'.repeat(100)}`]: 'x' }, provider, 'headers');
  });
});

describe('the headers of an answer', () => {
  const shown = [
    'content-type',
    'etag',
    'link',
    'location',
    'retry-after',
    'x-ratelimit-remaining',
  ];
  const hidden = [
    ...['set-cookie', 'set-cookie2', 'connection', 'transfer-encoding', 'content-length'],
    ...['content-encoding', 'www-authenticate', 'access-control-allow-origin', 'clear-site-data'],
    ...['strict-transport-security', 'content-security-policy', 'x-content-type', 'alt-svc'],
  ];
  const all = Object.fromEntries([...shown, ...hidden].map((name) => [name, 'x']));

  it('are shown where they tell about the content, and nothing else is', () => {
    assert.deepEqual(Object.keys(shownHeadersOf(all, [])), shown);
  });

  it('are shown further where the settings name them', () => {
    const answer = { 'x-created-id': '1', 'x-other': '2', etag: 'x' };
    const further = shownHeadersOf(answer, ['x-created-id']);
    assert.deepEqual(further, { 'x-created-id': '1', etag: 'x' });
  });
});
