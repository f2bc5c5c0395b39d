import assert from 'node:assert/strict';
import { type SandboxProvider, startProvider } from '../../provider/provider.ts';
import { RelyingParty } from './client.ts';

describe("the sandbox provider's control", () => {
  let provider: SandboxProvider;
  let party: RelyingParty;

  beforeEach(async () => {
    provider = await startProvider({ port: 0 });
    party = new RelyingParty(provider);
  });

  afterEach(() => provider.stop());

  const control = async (method: string, path: string, body?: unknown) => {
    const init: RequestInit = { method };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(`${provider.url}/sandbox${path}`, init);
    const text = await response.text();
    const answer: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, answer };
  };

  it('counts what the provider is asked for, and starts again at zero', async () => {
    const tokens = await party.connect();
    await party.refresh(tokens.refresh_token);
    await party.refresh('made-up').catch(() => {});
    await new RelyingParty(provider, '-public').refresh('made-up').catch(() => {});
    await party.call('/me', tokens.access_token);
    await party.call('/me');
    await party.revoke(tokens.access_token);
    assert.deepEqual((await control('GET', '/counters')).answer, {
      tokenRequests: {
        total: 4,
        byGrantType: { authorization_code: 1, refresh_token: 3 },
        byClient: { 'strongroom-sandbox': 3, 'strongroom-sandbox-public': 1 },
      },
      tokenErrors: 2,
      revocations: 1,
      apiCalls: { total: 2, unauthorized: 1 },
      authorizations: 1,
      serverErrors: 0,
    });
    assert.equal((await control('POST', '/counters/reset')).status, 204);
    assert.equal(provider.counters().tokenRequests.total, 0);
  });

  it('changes settings while it runs, and refuses ones that make no sense', async () => {
    const { answer } = await control('PATCH', '/settings', { accessTokenSeconds: 7 });
    assert.deepEqual(answer, provider.settings());
    assert.equal((await party.connect()).expires_in, 7);
    const wrong = [{ accessTokenSeconds: 0 }, { rotation: 'maybe' }, { colour: 'red' }];
    for (const patch of wrong)
      assert.equal((await control('PATCH', '/settings', patch)).status, 400);
    assert.equal(provider.settings().accessTokenSeconds, 7);
  });

  it('expires every access token at once and leaves the refresh tokens', async () => {
    const tokens = await party.connect();
    assert.deepEqual((await control('POST', '/access-tokens/expire')).answer, { expired: 1 });
    assert.equal((await party.call('/me', tokens.access_token)).status, 401);
    const renewed = await party.refresh(tokens.refresh_token);
    assert.equal((await party.call('/me', renewed.access_token)).status, 200);
  });

  it('shows the grants without a token, and revokes those of one account', async () => {
    const ada = await party.connect('ada');
    const grace = await party.connect('grace');
    await party.refresh(ada.refresh_token);
    const revoked = await control('POST', '/grants/revoke', { accountId: 'ada' });
    assert.deepEqual(revoked.answer, { revoked: 1 });
    await assert.rejects(party.refresh(ada.refresh_token), { error: 'invalid_grant' });
    await party.refresh(grace.refresh_token);
    const clientId = 'strongroom-sandbox';
    const grants = provider.grants().map(({ createdAt: _createdAt, ...grant }) => grant);
    assert.deepEqual(grants, [
      { accountId: 'ada', clientId, status: 'revoked', refreshes: 1 },
      { accountId: 'grace', clientId, status: 'active', refreshes: 1 },
    ]);
    assert.deepEqual((await control('GET', '/grants')).answer, provider.grants());
  });

  it('keeps the URL of every request but those to itself', async () => {
    await party.connect();
    await party.call('/echo/deep?q=1', undefined, { method: 'PUT' });
    const seen = provider.requests();
    assert.ok(seen.some(({ url }) => url.startsWith('/auth?') && url.includes('code_challenge=')));
    assert.deepEqual(seen.at(-1), { method: 'PUT', url: '/api/echo/deep?q=1' });
    assert.deepEqual((await control('GET', '/requests')).answer, seen);
    await control('DELETE', '/requests');
    assert.deepEqual(provider.requests(), []);
  });

  it('names its routes where it is asked for another', async () => {
    const { status, answer } = await control('GET', '/nothing');
    assert.equal(status, 404);
    assert.match(JSON.stringify(answer), /GET \/sandbox\/counters/);
  });
});

describe("the sandbox provider's API", () => {
  let provider: SandboxProvider;
  let party: RelyingParty;

  before(async () => {
    provider = await startProvider({ port: 0 });
    party = new RelyingParty(provider);
  });

  after(() => provider.stop());

  it('echoes a request as it arrived, the credential left out', async () => {
    const { access_token: token } = await party.connect('ada');
    const response = await party.call('/echo/a/b?x=1&x=2', token, {
      method: 'PATCH',
      headers: { 'x-custom': 'yes', 'content-type': 'text/plain' },
      body: 'grüße',
    });
    const text = await response.text();
    assert.ok(!text.includes(token));
    const { headers, ...echo } = JSON.parse(text);
    assert.equal(headers['x-custom'], 'yes');
    assert.deepEqual(echo, {
      method: 'PATCH',
      path: '/api/echo/a/b',
      query: { x: ['1', '2'] },
      authorization: { present: true, scheme: 'Bearer', accountId: 'ada' },
      body: 'grüße',
      bodyBase64: Buffer.from('grüße').toString('base64'),
    });
  });

  it('answers any status, redirects anywhere and sends any number of bytes', async () => {
    const busy = await party.call('/status/429?retryAfter=2');
    assert.equal(busy.status, 429);
    assert.equal(busy.headers.get('retry-after'), '2');
    assert.equal((await party.call('/status/204')).status, 204);
    assert.equal((await party.call('/status/teapot')).status, 400);
    const target = 'http://127.0.0.2:1/elsewhere';
    const redirect = `/redirect?to=${encodeURIComponent(target)}`;
    const moved = await party.call(redirect, undefined, { redirect: 'manual' });
    assert.equal(moved.headers.get('location'), target);
    assert.equal((await (await party.call('/bytes/100000')).arrayBuffer()).byteLength, 100_000);
    assert.equal((await party.call('/constructor')).status, 404);
  });
});
