import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as v from 'valibot';
import { type ApiCall, headersOf, shownHeadersOf, urlOf } from '../../src/calls/request-guard.ts';
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
const urlFor = (path: string, call: Partial<ApiCall> = {}) =>
  urlOf(provider, { method: 'GET', path, ...call }).href;

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
            url = urlOf(at, { method: 'GET', path: `/${parts.join('')}` });
          } catch {
            return;
          }
          taken += 1;
          assert.ok(url.href.startsWith(prefix), url.href);
          // What servers may make of it stays there as well.
          const decoded = decodeURIComponent(url.pathname.replaceAll(/%[89a-f]./gi, 'x'));
          assert.ok(new URL(decoded, origin).href.startsWith(prefix), url.href);
          assert.equal(url.search, new URL(base).search);
          assert.equal(url.hash, '');
          assert.equal(url.username + url.password, '');
        }),
        { numRuns: 3_000 },
      );
      assert.ok(taken > 100, `only ${taken} paths were accepted: the property says little`);
    });
  }

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
          const url = urlOf(provider, { method: 'GET', path: '/me', query });
          assert.equal(`${url.origin}${url.pathname}${url.hash}`, 'https://api.example/v1/me');
          const wellFormed = Object.entries(query).map((pair) => pair.map((s) => s.toWellFormed()));
          assert.deepEqual([...url.searchParams], wellFormed);
        },
      ),
    ));

  it("keeps the base URL's own query ahead of the caller's", () => {
    const at = providerWith({ apiBaseUrl: 'https://api.example/v1?key=1' });
    const url = urlOf(at, { method: 'GET', path: '/me', query: { key: '2' } });
    assert.equal(url.href, 'https://api.example/v1/me?key=1&key=2');
  });

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
    assert.throws(() => urlOf(readOnly, { method: 'POST', path: '/me' }), {
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
    ...['x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
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
    assert.deepEqual(Object.keys(shownHeadersOf(all)), shown);
  });
});
