import assert from 'node:assert/strict';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { requestMaxBytes } from '../../src/triggers/bodies.ts';
import { enter, sandboxProvider, type User } from '../harness/emulated.ts';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

describe('the REST API, through Hosting', function () {
  this.timeout(120_000);

  let ada: User;
  let grace: User;
  let id: string;
  before(async () => {
    [ada, grace] = [await enter('ada'), await enter('grace')];
    id = await ada.connect();
  });
  after(() => Promise.all([ada?.leave(), grace?.leave()]));

  const ask = async (
    method: string,
    path: string,
    {
      user = ada,
      base = stack.urls.api,
      ...init
    }: RequestInit & { user?: User; base?: string } = {},
  ): Promise<Answer> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${await user.idToken()}`);
    const request = { redirect: 'manual', ...init, method, headers } as const;
    const response = await fetch(`${base}${path}`, request);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
    const cacheControl = response.headers.get('cache-control') ?? '';
    assert.match(cacheControl, /\bprivate\b/, `${method} ${path}: ${cacheControl}`);
    return { status: response.status, headers: response.headers, text, json };
  };
  const send = (method: string, path: string, body: unknown, user = ada) =>
    ask(method, path, {
      user,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  /** Problem details: RFC 9457. */
  const assertProblem = (
    { status, headers, json, text }: Answer,
    expected: number,
    code: string,
  ) => {
    assert.equal(status, expected, text);
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
    const problem = Object(json);
    assert.deepEqual(
      { type: problem.type, title: problem.title, status: problem.status, code: problem.code },
      { type: 'about:blank', title: code, status: expected, code },
    );
    assert.equal(typeof problem.detail, 'string');
  };

  describe('has a twin of each callable', () => {
    it('that does what it does, from begin to disconnect', async () => {
      const offered = Object((await ask('GET', '/providers')).json);
      assert.deepEqual(
        offered.map((provider: { id: string }) => provider.id),
        ['sandbox', 'sandbox-oauth2', 'sandbox-key'],
      );
      const begun = Object((await send('POST', '/connections', { provider: 'sandbox' })).json);
      const { authorizationUrl, state } = begun;
      // Not his account that is connected already: that would be the same connection again.
      const told = await authorize({ authorizationUrl, account: 'grace', decision: 'allow' });
      const answer = { state, ...Object.fromEntries(told) };
      const completed = await send('POST', '/connections/complete', answer);
      assert.equal(completed.status, 200, completed.text);
      const { created, ...connection } = Object(completed.json);
      assert.equal(created, true);
      const one = `/connections/${connection.id}`;
      assert.deepEqual((await ask('GET', one)).json, connection);
      const listed = Object((await ask('GET', '/connections')).json);
      assert.equal(
        listed.some((found: { id: string }) => found.id === connection.id),
        true,
      );

      const called = await send('POST', `${one}/call`, { method: 'GET', path: '/me' });
      const { status, data } = Object(called.json);
      assert.deepEqual([status, data.sub], [200, 'grace']);
      assertProblem(await ask('POST', `${one}/token`), 403, 'token_release_off');

      assert.deepEqual((await ask('DELETE', one)).json, { revoked: true });
      assertProblem(await ask('GET', one), 404, 'connection_not_found');
    });

    it('that tells a stranger what it tells of no connection at all', async () => {
      for (const path of ['', '/proxy/me', '/call', '/token']) {
        const method = path === '' || path === '/proxy/me' ? 'GET' : 'POST';
        const body = path === '/call' ? { method: 'GET', path: '/me' } : {};
        const attempt = (connection: string) =>
          method === 'GET'
            ? ask(method, `/connections/${connection}${path}`, { user: grace })
            : send(method, `/connections/${connection}${path}`, body, grace);
        const missing = await attempt('A'.repeat(22));
        const theirs = await attempt(id);
        assertProblem(theirs, 404, 'connection_not_found');
        assert.equal(theirs.text, missing.text);
      }
    });
  });

  describe('has a proxy', () => {
    const echo = async (method: string, path: string, init: RequestInit = {}) =>
      Object((await ask(method, `/connections/${id}/proxy/echo${path}`, init)).json);

    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      it(`that passes on ${method}, the path and the query as they are`, async () => {
        const seen = await echo(method, '/a%20b/c?x=1&x=2&y=a%26b');
        assert.equal(seen.method, method);
        assert.equal(decodeURI(seen.path), '/api/echo/a b/c');
        assert.deepEqual(seen.query, { x: ['1', '2'], y: 'a&b' });
        assert.deepEqual(seen.authorization, {
          present: true,
          scheme: 'Bearer',
          accountId: 'ada',
        });
      });
    }

    it('that passes on a body byte for byte, with its type', async () => {
      const body = Uint8Array.from({ length: 4_096 }, (_, n) => n % 256);
      const headers = { 'content-type': 'application/octet-stream' };
      const seen = await echo('POST', '', { body, headers });
      assert.equal(seen.bodyBase64, Buffer.from(body).toString('base64'));
      assert.equal(seen.headers['content-type'], 'application/octet-stream');
    });

    it('that passes on JSON as it was written', async () => {
      const body = '{ "a" : 1e0,\n"b":"\\u00fc" }';
      const headers = { 'content-type': 'application/json' };
      assert.equal((await echo('PUT', '', { body, headers })).body, body);
    });

    it('that passes on the headers of its list and no other', async () => {
      const passed = {
        accept: 'application/json',
        'accept-language': 'de',
        'if-none-match': '"tag"',
        'idempotency-key': 'once',
        prefer: 'return=minimal',
        range: 'bytes=0-1',
        'if-range': '"tag"',
      };
      const kept = {
        cookie: '__session=mine; other=1',
        'x-api-key': 'mine',
        'x-http-method-override': 'DELETE',
        'x-forwarded-for': '203.0.113.7',
        forwarded: 'for=203.0.113.7',
        origin: 'https://evil.example.com',
        referer: 'https://evil.example.com/',
        'proxy-authorization': 'Basic bWluZQ==',
      };
      const { headers } = await echo('GET', '', { headers: { ...passed, ...kept } });
      for (const [name, value] of Object.entries(passed)) assert.equal(headers[name], value);
      const framing = ['host', 'connection', 'user-agent', 'accept-encoding'];
      const known = new Set([
        ...Object.keys(passed),
        ...framing,
        'authorization',
        'content-length',
      ]);
      assert.deepEqual(
        Object.keys(headers).filter((name) => !known.has(name)),
        [],
      );
    });

    it('that never passes on the ID token of the caller', async () => {
      const token = await ada.idToken();
      assert.doesNotMatch(JSON.stringify(await echo('GET', '')), new RegExp(token.slice(0, 60)));
    });

    it("that hands back the API's status and safe headers, and no cookie", async () => {
      for (const status of [201, 404, 418, 503]) {
        const answer = await ask('GET', `/connections/${id}/proxy/status/${status}?retryAfter=7`);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('retry-after'), '7');
      }
      await sandboxProvider.addFault({
        endpoint: 'api',
        status: 200,
        headers: {
          'content-type': 'text/plain',
          etag: '"tag"',
          'x-request-id': 'r1',
          'set-cookie': 'session=theirs',
          'cache-control': 'public, max-age=600',
          'x-api-version': '7',
          'strict-transport-security': 'max-age=1',
          'access-control-allow-credentials': 'true',
        },
        body: 'hello',
      });
      const { headers, text } = await ask('GET', `/connections/${id}/proxy/me`);
      assert.equal(text, 'hello');
      // An API may hold pages that others wrote: here they are none.
      assert.equal(headers.get('content-security-policy'), "sandbox; default-src 'none'");
      const names = ['content-type', 'etag', 'x-request-id', 'x-api-version'];
      assert.deepEqual(
        names.map((name) => headers.get(name)?.split(';')[0]),
        ['text/plain', '"tag"', 'r1', '7'],
      );
      for (const name of [
        'set-cookie',
        'strict-transport-security',
        'access-control-allow-credentials',
      ]) {
        assert.equal(headers.get(name), null, name);
      }
    });

    it('that follows no redirect: it is handed back', async () => {
      const to = encodeURIComponent('https://evil.example.com/');
      const answer = await ask('GET', `/connections/${id}/proxy/redirect?to=${to}`);
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.get('location'), 'https://evil.example.com/');
    });

    it('that answers HEAD without a body', async () => {
      const { status, text } = await ask('HEAD', `/connections/${id}/proxy/me`);
      assert.deepEqual([status, text], [200, '']);
    });

    it('that leaves the API by no path', async () => {
      // Hosting answers some of these by itself, so they go past it.
      const base = `${stack.urls.functions}/api/v1`;
      for (const path of ['/..%2ftoken', '/%2e%2e%2ftoken', '/a%5cb', '/a%00b', '/a;b', '//me']) {
        const answer = await ask('GET', `/connections/${id}/proxy${path}`, { base });
        assertProblem(answer, 400, 'path_not_allowed');
      }
    });
  });

  describe('answers with problem details', () => {
    it('where there is nothing', async () => {
      for (const path of ['/nothing', '/connections/a/b', '/connections/']) {
        assertProblem(await ask('GET', path), 404, 'route_not_found');
      }
    });

    it('where an id to be deleted is missing: that is not all of them', async () => {
      assertProblem(await ask('DELETE', '/connections/'), 404, 'route_not_found');
      assert.ok((await ask('GET', `/connections/${id}`)).status === 200);
    });

    it('where the method is another, and names those that are', async () => {
      const wrong = await ask('PUT', '/connections');
      assertProblem(wrong, 405, 'method_not_allowed');
      assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST, DELETE');
      const one = await ask('PATCH', `/connections/${id}`);
      assert.equal(one.headers.get('allow'), 'GET, HEAD, DELETE');
    });

    it('to whoever is not signed in, whatever he asks for', async () => {
      for (const path of [
        '/providers',
        '/connections',
        '/nothing',
        `/connections/${id}/proxy/me`,
      ]) {
        const response = await fetch(`${stack.urls.api}${path}`);
        assert.equal(response.status, 401);
        assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="strongroom"');
        assert.equal(Object(await response.json()).code, 'unauthenticated');
      }
    });

    it('for a field that is not known, by its name only where it is ours', async () => {
      const unknown = await send('POST', '/connections', {
        provider: 'sandbox',
        'do-not-quote': 1,
      });
      assertProblem(unknown, 400, 'invalid_argument');
      assert.doesNotMatch(unknown.text, /do-not-quote/);
      const wrong = await send('POST', '/connections', { provider: 7 });
      assert.equal(Object(wrong.json).field, 'provider');
    });

    it('for a body that is too large', async () => {
      const large = await send('POST', '/connections', { provider: 'x'.repeat(requestMaxBytes) });
      assertProblem(large, 413, 'body_too_large');
    });

    it('for a body that is not JSON, which it does not quote', async () => {
      const headers = { 'content-type': 'application/json' };
      for (const body of ['{"provider": do-not-quote', 'do-not-quote', '{']) {
        const answer = await ask('POST', '/connections', { headers, body });
        assertProblem(answer, 400, 'malformed_json');
        assert.doesNotMatch(answer.text, /do-not-quote/);
      }
      const typed = { 'content-type': 'text/plain' };
      const plain = await ask('POST', '/connections', { headers: typed, body: '{}' });
      assertProblem(plain, 400, 'malformed_json');
    });
  });
});
