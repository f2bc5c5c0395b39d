import assert from 'node:assert/strict';
import { type Fetch, proxyFetch } from '../../../../client/src/proxy-fetch.ts';
import { createUpstream, type Upstream } from '../../../../sandbox/upstreams/upstream.ts';

const echo = (call: { readonly path: string; readonly body: Buffer }) => ({
  body: { path: call.path, body: call.body.toString('utf8') },
});

describe('proxyFetch', () => {
  let app: Upstream;
  let elsewhere: Upstream;
  before(async () => {
    const routes = { 'GET /{+path}': echo, 'POST /{+path}': echo };
    const start = () => createUpstream({ routes, error: (status) => ({ status }), isOpen: true });
    [app, elsewhere] = [await start(), await start()];
  });
  after(() => Promise.all([app.stop(), elsewhere.stop()]));

  let sdkFetch: Fetch;
  let proxy: string;
  let asked: number;
  let token: () => Promise<string>;
  beforeEach(() => {
    app.reset();
    elsewhere.reset();
    asked = 0;
    proxy = `${app.url}/v1/connections/c1/proxy`;
    token = async () => {
      asked += 1;
      return `token-${asked}`;
    };
    sdkFetch = proxyFetch({ proxy, api: 'https://api.example.com/v1', token });
  });
  const seenAt = ({ requests }: Upstream) =>
    requests().map(({ path, query, headers }) => [`${path}?${query}`, headers.authorization]);

  it('adds the token of the moment to what goes to the proxy, whatever the SDK sends', async () => {
    await sdkFetch(`${proxy}/me?x=1`);
    await sdkFetch(new URL(`${proxy}/me`), { headers: { Authorization: 'Bearer own' } });
    assert.deepEqual(seenAt(app), [
      ['/v1/connections/c1/proxy/me?x=1', 'Bearer token-1'],
      ['/v1/connections/c1/proxy/me?', 'Bearer token-2'],
    ]);
  });

  it("sends to the proxy what is below the API's own address", async () => {
    await sdkFetch('https://api.example.com/v1/a%2Fb?x=1&y=%26');
    assert.deepEqual(seenAt(app), [['/v1/connections/c1/proxy/a%2Fb?x=1&y=%26', 'Bearer token-1']]);
  });

  it('sends a request that is made already, with its method, headers and body', async () => {
    const init = { method: 'POST', body: 'text', headers: { 'x-own': 'a', authorization: 'b' } };
    const answer = await sdkFetch(new Request('https://api.example.com/v1/a', init));
    assert.deepEqual(await answer.json(), { path: '/v1/connections/c1/proxy/a', body: 'text' });
    const [request] = app.requests();
    assert.deepEqual(
      [request?.headers['x-own'], request?.headers.authorization],
      ['a', 'Bearer token-1'],
    );
  });

  it('names the user for whom a service acts, and to nobody else', async () => {
    const serviceFetch = proxyFetch({ proxy, token, uid: 'ada' });
    await serviceFetch(`${proxy}/me`);
    await serviceFetch(`${elsewhere.url}/upload`);
    const users = [app, elsewhere].map(({ requests }) => requests()[0]?.headers['strongroom-user']);
    assert.deepEqual(users, ['ada', undefined]);
  });

  it('takes no credential anywhere else, and asks for none', async () => {
    const headers = { authorization: 'Bearer own' };
    await sdkFetch(`${elsewhere.url}/upload`, { headers });
    await sdkFetch(new Request(`${elsewhere.url}/upload`, { headers }));
    for (const beside of ['/../proxied/me', 'x/me', '/../../c2/proxy/me', '/%2e%2e/me'])
      await sdkFetch(proxy + beside, { headers });
    const credentials = [...seenAt(elsewhere), ...seenAt(app)].map(([, credential]) => credential);
    assert.deepEqual(credentials, Array(6).fill(undefined));
    assert.equal(asked, 0);
  });
});
