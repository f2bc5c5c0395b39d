import assert from 'node:assert/strict';
import { type SandboxProvider, startProvider } from '../../provider/provider.ts';
import { RelyingParty } from './client.ts';

describe("the sandbox provider's faults", () => {
  let provider: SandboxProvider;
  let party: RelyingParty;

  beforeEach(async () => {
    provider = await startProvider({ port: 0 });
    party = new RelyingParty(provider);
  });

  afterEach(() => provider.stop());

  const refreshesSeen = () => provider.counters().tokenRequests.byGrantType['refresh_token'];

  /** What came of the answer to a refresh, be it whole or not. */
  const rawRefresh = async (refreshToken = '') => {
    const answer = await fetch(`${provider.url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`strongroom-sandbox:${provider.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
    });
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
    const { status, headers } = answer;
    return { status, headers, body: Buffer.concat(chunks).toString() };
  };

  it('answers a status as often as told without touching the refresh token', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    const headers = { 'retry-after': '1' };
    const fault = { endpoint: 'token', times: 2, status: 429, headers, body: { error: 'busy' } };
    const posted = await fetch(`${provider.url}/sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify(fault),
    });
    assert.equal(posted.status, 204);
    assert.deepEqual(provider.faults(), [fault]);
    for (let attempt = 0; attempt < 2; attempt++) {
      const failed = party.refresh(refreshToken);
      await assert.rejects(failed, { status: 429, error: 'busy' });
    }
    await party.refresh(refreshToken);
    assert.equal(refreshesSeen(), 3);
    assert.deepEqual(provider.counters().tokenRequests.byClient, { 'strongroom-sandbox': 4 });
  });

  it('drops the connection before the request takes effect', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    provider.addFault({ endpoint: 'token', drop: 'before' });
    await assert.rejects(party.refresh(refreshToken), TypeError);
    await party.refresh(refreshToken);
    assert.equal(provider.grants()[0]?.refreshes, 1);
    assert.equal(refreshesSeen(), 2);
  });

  it('drops the connection after the request took effect: the refresh token is spent', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    provider.addFault({ endpoint: 'token', drop: 'after' });
    await assert.rejects(party.refresh(refreshToken), TypeError);
    assert.equal(provider.grants()[0]?.refreshes, 1);
    await assert.rejects(party.refresh(refreshToken), { error: 'invalid_grant' });
  });

  it('drops the connection in the middle of the answer', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    provider.addFault({ endpoint: 'token', drop: 'within' });
    const { status, headers, body } = await rawRefresh(refreshToken);
    assert.equal(status, 200);
    assert.equal(body.length, Math.floor(Number(headers.get('content-length')) / 2));
    assert.match(body, /^\{"access_token":"/);
    assert.equal(provider.grants()[0]?.refreshes, 1);
  });

  it('changes members of the answer to a request that took effect', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    const fault = { endpoint: 'token', patch: { expires_in: 7, scope: null } };
    const init = { method: 'POST', body: JSON.stringify(fault) };
    assert.equal((await fetch(`${provider.url}/sandbox/faults`, init)).status, 204);
    const answer = await party.refresh(refreshToken);
    assert.equal(answer.expires_in, 7);
    assert.equal(answer.scope, undefined);
    assert.equal((await party.call('/me', answer.access_token)).status, 200);
    assert.equal(provider.grants()[0]?.refreshes, 1);
  });

  it('sends the answer to a request that took effect as a form', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    provider.addFault({ endpoint: 'token', form: true });
    const { headers, body } = await rawRefresh(refreshToken);
    assert.match(headers.get('content-type') ?? '', /^application\/x-www-form-urlencoded/);
    const token = new URLSearchParams(body).get('access_token') ?? '';
    assert.equal((await party.call('/me', token)).status, 200);
  });

  it('replaces the answer to a request that took effect', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    provider.addFault({ endpoint: 'token', status: 502, processed: true, body: 'Bad Gateway' });
    await assert.rejects(party.refresh(refreshToken));
    assert.equal(provider.grants()[0]?.refreshes, 1);
  });

  it('delays an answer, and a stopping provider waits for none', async () => {
    const { access_token: token } = await party.connect();
    provider.addFault({ endpoint: 'api', delayMs: 150 });
    const start = performance.now();
    assert.equal((await party.call('/me', token)).status, 200);
    // Timers may fire a millisecond early.
    assert.ok(performance.now() - start >= 149);
    provider.addFault({ endpoint: 'api', delayMs: 600_000 });
    const hanging = assert.rejects(party.call('/me', token), TypeError);
    while (provider.faults().length > 0) await new Promise(setImmediate);
    await provider.stop();
    await hanging;
  });

  it('strikes each endpoint apart from the others', async () => {
    const tokens = await party.connect();
    provider.addFault({ endpoint: 'revocation', status: 500 });
    provider.addFault({ endpoint: 'authorization', status: 500 });
    provider.addFault({ endpoint: 'api', status: 500 });
    provider.addFault({ endpoint: 'discovery', status: 500 });
    await assert.rejects(party.discover());
    assert.equal((await party.call('/me', tokens.access_token)).status, 500);
    await assert.rejects(party.connect(), /answered 500/);
    await assert.rejects(party.revoke(tokens.refresh_token));
    await party.refresh(tokens.refresh_token);
    assert.deepEqual(provider.faults(), []);
  });

  it('forgets the faults still to come', async () => {
    provider.addFault({ endpoint: 'api', status: 500, times: 100 });
    await fetch(`${provider.url}/sandbox/faults`, { method: 'DELETE' });
    assert.equal((await party.call('/echo')).status, 200);
  });

  it('refuses a fault that makes no sense', async () => {
    const wrong = [
      {},
      { endpoint: 'nowhere' },
      { endpoint: 'token', drop: 'sometimes' },
      { endpoint: 'token', status: 99 },
      { endpoint: 'token', times: 0 },
      { endpoint: 'token', headers: 'x' },
      { endpoint: 'token', patch: 'x' },
      [],
    ];
    for (const fault of wrong) {
      const init = { method: 'POST', body: JSON.stringify(fault) };
      assert.equal((await fetch(`${provider.url}/sandbox/faults`, init)).status, 400);
    }
    assert.deepEqual(provider.faults(), []);
  });
});
