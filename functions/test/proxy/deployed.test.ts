import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type RequestOptions } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { type Served, spawnServe } from '../../../sandbox/serve/spawn.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { enter, type User } from '../harness/emulated.ts';
import { answerOf, ask, begin, codeOf, next } from './client.ts';

describe('the proxy as deployed', function () {
  this.timeout(300_000);
  let ada: User;
  let api: RequestListener;
  let upstream: LocalServer;
  let provider: SandboxProvider;
  let secretManager: SecretManager;
  let served: Served;
  let connections = '';
  let proxy = '';
  let authorization = '';
  before(async () => {
    ada = await enter('ada');
    authorization = `Bearer ${await ada.idToken()}`;
    upstream = await listen(
      createServer((request, response) => api(request, response)),
      0,
    );
    provider = await startProvider({ port: 0 });
    const { projectId } = stack;
    secretManager = await startSecretManager({ port: 0, projectId });
    served = await spawnServe(stack, {
      env: { STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secretManager.port}` },
    });
    const settings = settingsAt(served.url, provider, `${upstream.url}/v1`);
    secretManager.addSecretVersion('strongroom-keyring', randomBytes(32));
    secretManager.addSecretVersion('strongroom-providers', Buffer.from(JSON.stringify(settings)));
    connections = `${served.url}/v1/connections`;
    // An instance's first look at Firestore may take longer than a request may.
    while ((await askAs(connections)).status === 503);
    const { authorizationUrl, state } = await post(connections, { provider: 'one' });
    const visit = { account: 'ada', decision: 'allow' } as const;
    const told = await authorize({ ...visit, authorizationUrl: String(authorizationUrl) });
    const answer = { state, ...Object.fromEntries(told) };
    const { id } = await post(`${connections}/complete`, answer);
    proxy = `${connections}/${id}/proxy`;
  });
  after(async () => {
    if (proxy !== '') await askAs(proxy.replace(/\/proxy$/, ''), { method: 'DELETE' });
    await served?.stop();
    await Promise.all([provider?.stop(), secretManager?.stop(), upstream?.stop(), ada?.leave()]);
  });

  const headersWith = ({ headers }: RequestOptions) => ({ authorization, ...Object(headers) });
  const askAs = (url: string, options: Parameters<typeof ask>[1] = {}) =>
    ask(url, { ...options, headers: headersWith(options) });
  const post = async (url: string, value: object) => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(value);
    const { status, text } = await askAs(url, { method: 'POST', headers, body });
    assert.equal(status, 200, text);
    return Object(JSON.parse(text));
  };
  const beginAs = (path: string, options: RequestOptions = {}) =>
    begin(proxy + path, { ...options, headers: headersWith(options) });

  it('takes more than we would hold, as much as the platform does', async () => {
    const body = randomBytes(20_000_000);
    let arrived: Buffer = Buffer.alloc(0);
    api = async (request, response) => {
      arrived = await buffer(request);
      response.end();
    };
    const headers = { 'content-type': 'application/octet-stream' };
    assert.equal((await askAs(`${proxy}/up`, { method: 'PUT', headers, body })).status, 200);
    assert.ok(arrived.equals(body));
  });

  it('gives more than we would hold, as it comes', async () => {
    const half = randomBytes(10_000_000);
    api = (_, response) => {
      response.write(half);
      response.end(half);
    };
    assert.ok((await askAs(`${proxy}/down`)).body.equals(Buffer.concat([half, half])));
  });

  it('gives that by the functions emulator and by Hosting as well', async () => {
    const id = await ada.connect();
    for (const base of [`${stack.urls.functions}/api/v1`, stack.urls.api]) {
      const answer = await askAs(`${base}/connections/${id}/proxy/bytes/20000000`);
      assert.deepEqual([answer.status, answer.body.length], [200, 20_000_000]);
    }
  });

  it('sends on what the platform has unpacked as what it is now', async () => {
    const seen: unknown[] = [];
    api = async (request, response) => {
      const { 'content-encoding': coding, 'content-length': length } = request.headers;
      seen.push(coding, length, String(await buffer(request)));
      response.end();
    };
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    await askAs(`${proxy}/up`, { method: 'POST', headers, body: gzipSync('hello') });
    assert.deepEqual(seen, [undefined, '5', 'hello']);
  });

  it('sends on a body that the platform leaves unread: one that says no type', async () => {
    const seen: unknown[] = [];
    api = async (request, response) => {
      seen.push(request.headers['content-length'], String(await buffer(request)));
      response.end();
    };
    const headers = { 'content-length': '5' };
    await askAs(`${proxy}/up`, { method: 'POST', headers, body: 'hello' });
    await askAs(`${proxy}/up`, { method: 'POST' });
    assert.deepEqual(seen, ['5', 'hello', '0', '']);
  });

  it('says so where the platform takes no JSON but objects and lists', async () => {
    api = (request, response) => request.pipe(response);
    const headers = { 'content-type': 'application/json' };
    for (const [body, status] of [
      ['{"a" : 1e0}', 200],
      ['[]', 200],
      ['"text"', 400],
      ['{"a":1}\n{"b":2}', 400],
    ] as const) {
      const answer = await askAs(`${proxy}/up`, { method: 'POST', headers, body });
      assert.equal(answer.status, status);
      if (status === 200) assert.equal(answer.text, body);
      else assert.equal(codeOf(answer), 'malformed_json');
    }
  });

  it('hands events on at once', async () => {
    let write = (_: string) => {};
    api = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      write = (text) => response.write(text);
    };
    const begun = beginAs('/events');
    begun.end();
    const answer = await answerOf(begun);
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      write(event);
      assert.equal(await next(answer), event);
    }
    begun.destroy();
  });

  it('ends the request to the API when the client leaves, before its answer and within', async () => {
    for (const answers of [false, true]) {
      let closed: Promise<unknown> = Promise.resolve();
      const came = new Promise<void>((resolve) => {
        api = ({ socket }, response) => {
          closed = once(socket, 'close');
          if (answers) response.write('half');
          resolve();
        };
      });
      const begun = beginAs('/slow');
      begun.end();
      await came;
      if (answers) await next(await answerOf(begun));
      begun.destroy();
      await closed;
    }
  });

  it('breaks off where the API does: half of an answer does not look like one', async () => {
    api = (request, response) => {
      response.write('half');
      request.socket.end();
    };
    const begun = beginAs('/x');
    begun.end();
    await assert.rejects(buffer(await answerOf(begun)), { code: 'ECONNRESET' });
  });

  it('leads to the app, whatever host a request names', async () => {
    api = (_, response) => {
      response.writeHead(302, { location: '/v1/there', link: '</v1/next>; rel="next"' }).end();
    };
    for (const headers of [{}, { 'x-forwarded-host': 'evil.example' }, { host: 'evil.example' }]) {
      const answer = await askAs(`${proxy}/x`, { headers });
      assert.equal(answer.headers.location, `${proxy}/there`);
      assert.equal(answer.headers['link'], `<${proxy}/next>; rel="next"`);
    }
  });

  it('carries what keeps an answer from being kept, or run as a page of the app', async () => {
    api = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'public' });
      response.end('<script>alert(1)</script>');
    };
    const { headers } = await askAs(`${proxy}/x`);
    assert.equal(headers['cache-control'], 'private, no-store');
    assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'");
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  it('refuses before the API hears of it', async () => {
    api = () => assert.fail('it was asked');
    for (const [path, options, status, code] of [
      ['/x?access_token=a', {}, 400, 'invalid_argument'],
      ['/a;b', {}, 400, 'path_not_allowed'],
      ['/x', { method: 'OPTIONS' }, 405, 'method_not_allowed'],
    ] as const) {
      const answer = await askAs(proxy + path, options);
      assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    }
    const stranger = await ask(`${proxy}/x`, { method: 'POST', body: 'x'.repeat(100_000) });
    assert.deepEqual([stranger.status, codeOf(stranger)], [401, 'unauthenticated']);
    const other = proxy.replace(/[^/]+\/proxy$/, `${'A'.repeat(22)}/proxy`);
    const unknown = await askAs(`${other}/x`);
    assert.deepEqual([unknown.status, codeOf(unknown)], [404, 'connection_not_found']);
  });

  describe('and the REST API beside it', () => {
    for (const path of ['', '/{id}']) {
      it(`answer HEAD /v1/connections${path} as GET, without a body`, async () => {
        const url = connections + path.replace('{id}', proxy.split('/').at(-2) ?? '');
        const got = await askAs(url);
        const { status, headers, text } = await askAs(url, { method: 'HEAD' });
        assert.deepEqual([status, text], [200, '']);
        for (const name of ['content-type', 'content-length', 'cache-control']) {
          assert.equal(headers[name], got.headers[name], name);
        }
      });
    }

    it('change nothing by HEAD', async () => {
      const answer = await askAs(proxy.replace('/proxy', '/token'), { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST']);
    });
  });
});

function settingsAt(
  url: string,
  { url: issuer, clientSecret }: SandboxProvider,
  apiBaseUrl: string,
): object {
  const one = {
    kind: 'oauth2',
    name: 'One',
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    clientId: 'strongroom-sandbox',
    clientSecrets: [clientSecret],
    scopes: ['profile', 'email', 'offline_access'],
    authorizationParameters: { prompt: 'consent' },
    apiBaseUrl,
  };
  return {
    app: { redirectUri: `${url}/oauth/callback`, returnTo: [`${url}/`] },
    providers: { one },
  };
}
