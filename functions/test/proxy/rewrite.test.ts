import assert from 'node:assert/strict';
import fc from 'fast-check';
import { urlWithin } from '../../src/calls/request-url.ts';
import { type Rewriting, rewriteHeader } from '../../src/proxy/rewrite.ts';
import { settingsOf } from './proxied.ts';

const proxy = 'https://app.example/v1/connections/id/proxy';
const rewriting: Rewriting = {
  asked: new URL('https://api.example/v1/items/7?page=1&key=sec%2Fret'),
  base: new URL('https://api.example/v1?key=sec%2Fret'),
  hidden: new Set(['key', 'a b']),
  proxyAddress: () => proxy,
};
const location = (value: string, change: Partial<Rewriting> = {}) =>
  rewriteHeader('location', value, { ...rewriting, ...change });
const link = (value: string) => rewriteHeader('link', value, rewriting);

describe('an address in a header of an API', () => {
  for (const [reference, rewritten] of [
    ['https://api.example/v1/items/8', `${proxy}/items/8`],
    ['https://API.example:443/v1/items/8', `${proxy}/items/8`],
    ['https://somebody:else@api.example/v1/items/8', `${proxy}/items/8`],
    ['https://api.example/v1', proxy],
    ['https://api.example/v1/', `${proxy}/`],
    ['https://api.example/v1?x=1#part', `${proxy}?x=1#part`],
    ['/v1/items/8', `${proxy}/items/8`],
    ['//api.example/v1/items/8', `${proxy}/items/8`],
    ['8', `${proxy}/items/8`],
    ['?page=2', `${proxy}/items/7?page=2`],
    ['../a%20b/%C3%BC', `${proxy}/a%20b/%C3%BC`],
  ] as const) {
    it(`leads to the proxy where it is below the API's base: ${reference}`, () => {
      assert.equal(location(reference), rewritten);
    });
  }

  for (const [reference, kept] of [
    ['https://files.example/a?signature=s%2F', 'https://files.example/a?signature=s%2F'],
    ['http://api.example/v1/items/8', 'http://api.example/v1/items/8'],
    ['https://api.example:8443/v1/a', 'https://api.example:8443/v1/a'],
    ['https://api.example.evil.example/v1/a', 'https://api.example.evil.example/v1/a'],
    ['https://api.example/v10/a', 'https://api.example/v10/a'],
    ['https://api.example/v1/../login', 'https://api.example/login'],
    ['https://api.example/v1/%2e%2e/login', 'https://api.example/login'],
    ['/login', 'https://api.example/login'],
    ['/v1/connections/id/token', `${proxy}/connections/id/token`],
    ['/\\evil.example/', 'https://evil.example/'],
  ] as const) {
    it(`is told whole, as ours is another origin: ${reference}`, () => {
      assert.equal(location(reference), kept);
    });
  }

  for (const reference of [
    ...['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'https://', 'blob:x'],
    ...['intent://x', ' javascript:alert(1)', 'java\tscript:alert(1)'],
  ]) {
    it(`is left out where it is none of the web: ${JSON.stringify(reference)}`, () => {
      assert.equal(location(reference), undefined);
    });
  }

  it('never holds what settings add to the query: the credential, above all', () => {
    assert.equal(location('https://api.example/v1/a?key=sec%2Fret'), `${proxy}/a`);
    assert.equal(location('?page=2&key=sec%2Fret&x=%20+'), `${proxy}/items/7?page=2&x=%20+`);
    assert.equal(location('?%6bey=1&a+b=2&a%20b=3&c'), `${proxy}/items/7?c`);
    assert.equal(location(''), `${proxy}/items/7?page=1`);
  });

  it('leaves the rest of a query as it was written', () => {
    const query = '?a=%2f&b=+%20&c&d=&=e&a=2&f=%zz';
    assert.equal(location(`/v1/x${query}`), `${proxy}/x${query}`);
    assert.equal(location(`/v1/x${query}`, { hidden: new Set() }), `${proxy}/x${query}`);
  });

  it('is rewritten in each link of a field, and nothing else is', () => {
    assert.equal(
      link('<https://api.example/v1/a?page=2>; rel="next", </v1/a?page=9>;rel=last;title="<a>, b"'),
      `<${proxy}/a?page=2>; rel="next", <${proxy}/a?page=9>;rel=last;title="<a>, b"`,
    );
    assert.equal(
      link('<https://docs.example/>; rel="help"; title="a \\" <https://api.example/v1/b>"'),
      '<https://docs.example/>; rel="help"; title="a \\" <https://api.example/v1/b>"',
    );
    assert.equal(link('<>; rel=self'), `<${proxy}/items/7?page=1>; rel=self`);
  });

  for (const field of ['<https://api.example/v1/a', '<a', '<javascript:x>; rel=next, <a>', '<<<']) {
    it(`is not handed on in links that cannot be read: ${field}`, () => {
      assert.equal(link(field), undefined);
    });
  }

  it('is rewritten in headers of the API that hold nothing else', () => {
    const rewritten = rewriteHeader(
      'x-goog-upload-url',
      'https://api.example/v1/up?id=1',
      rewriting,
    );
    assert.equal(rewritten, `${proxy}/up?id=1`);
    const elsewhere = rewriteHeader('operation-location', 'https://ops.example/1', rewriting);
    assert.equal(elsewhere, 'https://ops.example/1');
    for (const value of ['see https://api.example/v1/a', 'abc', '7', '/v1/a', '"tag"']) {
      assert.equal(rewriteHeader('x-other', value, rewriting), value);
    }
  });

  it('is the same address once more when the proxy is asked for it', () => {
    const { one } = settingsOf(proxy, { apiBaseUrl: rewriting.base.href }).providers;
    assert.ok(one);
    const api = { provider: { ...one, id: 'one' }, base: rewriting.base };
    const segment = fc.stringMatching(/^[\w~!$'()*+,=:@-]{1,8}$/);
    const query = fc.constantFrom('', '?a=1', '?a=%2f&b=+%20&&c', "?q='x'");
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), query, (segments, search) => {
        const path = `/${segments.join('/')}`;
        const rewritten = location(`https://api.example/v1${path}${search}`) ?? '';
        const asked = urlWithin(api, 'GET', rewritten.slice(proxy.length));
        const own = rewriting.base.search.slice(1);
        const expected = [own, search.slice(1)].filter(Boolean).join('&');
        assert.equal(asked.href, new URL(`https://api.example/v1${path}?${expected}`).href);
      }),
    );
  });

  it('takes no longer than its length asks for', () => {
    for (const piece of ['<', '"', '"\\', '<a>', '<a', '",', '<">']) {
      // As long as headers may be; by the square of that it would take minutes.
      link(piece.repeat(16_384 / piece.length));
    }
  }).timeout(2_000);
});
