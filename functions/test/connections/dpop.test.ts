import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { proofFor } from '../../src/oauth/dpop.ts';
import type { Suite } from '../../src/suite.ts';
import { changeProvider } from '../harness/change-provider.ts';
import { refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { openVault } from '../harness/open-vault.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('a connection whose tokens are bound to a key (RFC 9449)', function () {
  this.timeout(60_000);
  let world: World;
  let suite: Suite;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    world.publish(changeProvider('sandbox', { dpop: true, allowTokenRelease: true }));
    suite = world.newSuite();
  });

  const connect = (uid: string) => world.connect(uid, { suite });
  const deadlineAt = () => world.clock.ticks() + 20_000;
  const unauthorized = () => world.provider.counters().apiCalls.unauthorized;
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  /** The request as the API received it. */
  const echo = async (uid: string, id: string, by: Suite = suite) => {
    const request = { method: 'GET', path: '/echo' };
    const { status, body } = await by.call({ uid }, id, request, deadlineAt());
    assert.equal(status, 200);
    return Object(JSON.parse(new TextDecoder().decode(body)));
  };
  const me = `/api/me`;
  const ask = (headers: Record<string, string>, path = me) =>
    fetch(world.provider.url + path, { headers }).then(({ status }) => status);

  it('calls the API with a proof of its own each time, made for that request and this token', async () => {
    const { id } = await connect('ada');
    const { accessToken } = await openVault(world, id);
    const seen = [await echo('ada', id), await echo('ada', id)];
    const proofs = seen.map(({ headers }) => decodeJwt(headers.dpop));
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      Array(2).fill({ present: true, scheme: 'DPoP', accountId: 'ada' }),
    );
    for (const { htm, htu, ath } of proofs) {
      assert.equal(htm, 'GET');
      assert.equal(htu, `${world.provider.url}/api/echo`);
      assert.ok(typeof ath === 'string' && ath !== accessToken);
    }
    assert.notEqual(proofs[0]?.jti, proofs[1]?.jti);
    assert.equal(unauthorized(), 0);
  });

  it('works through the client for own functions, and refreshes with the same key', async () => {
    const { id } = await connect('ada');
    const before = await openVault(world, id);
    const client = await suite.connections.client('ada', id, { timeoutMs: 20_000 });
    assert.equal((await client.get('/me')).data.sub, 'ada');
    assert.equal((await client.post('/echo', { a: 1 })).data.authorization.scheme, 'DPoP');
    world.clock.advance(3_600_000);
    const asked = tokenRequests();
    assert.equal((await client.get('/me')).data.sub, 'ada');
    assert.equal(tokenRequests() - asked, 1);
    const after = await openVault(world, id);
    assert.notEqual(after.accessToken, before.accessToken);
    assert.deepEqual(after.dpopKey, before.dpopKey);
    assert.equal(unauthorized(), 0);
  });

  it('gives the API, and the token endpoint, the nonce that they want: one refusal each, then none', async () => {
    world.provider.updateSettings({ dpopNonces: true });
    const { id } = await connect('ada');
    assert.equal(tokenRequests(), 2);
    await echo('ada', id);
    assert.equal(unauthorized(), 1);
    await echo('ada', id);
    await echo('ada', id, world.newSuite());
    assert.equal(unauthorized(), 1);
    world.clock.advance(3_600_000);
    await echo('ada', id);
    assert.equal(tokenRequests(), 3);
    assert.equal(unauthorized(), 1);
  });

  it('is asked for a nonce that has become old once more, and costs no token for that', async () => {
    const { id } = await connect('ada');
    await echo('ada', id);
    const asked = tokenRequests();
    const headers = {
      'www-authenticate': 'DPoP error="use_dpop_nonce", error_description="old"',
      'dpop-nonce': 'the next one',
    };
    world.provider.addFault({ endpoint: 'api', status: 401, headers });
    const { headers: sent } = await echo('ada', id);
    assert.equal(decodeJwt(sent.dpop)['nonce'], 'the next one');
    assert.equal(tokenRequests(), asked);
    // An API that never has enough.
    world.provider.addFault({ endpoint: 'api', status: 401, headers, times: 10 });
    const { apiCalls } = world.provider.counters();
    assert.equal(await world.call('ada', id, suite), 401);
    assert.ok(world.provider.counters().apiCalls.total - apiCalls.total <= 6);
  });

  it('still learns by a 401 that its token is refused: one refresh, and the call succeeds', async () => {
    const { id } = await connect('ada');
    assert.equal(await world.call('ada', id, suite), 200);
    world.provider.expireAccessTokens();
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal(tokenRequests(), 2);
  });

  describe('leaves nothing to whoever steals', () => {
    it('the access token: it opens nothing, neither as a Bearer token nor with another key', async () => {
      const [{ id }, other] = [await connect('ada'), await connect('mallory')];
      const [{ accessToken, dpopKey }, { dpopKey: foreign }] = await Promise.all([
        openVault(world, id),
        openVault(world, other.id),
      ]);
      assert.ok(dpopKey && foreign);
      assert.notDeepEqual(dpopKey, foreign);
      assert.equal(await ask({ authorization: `Bearer ${accessToken}` }), 401);
      assert.equal(await ask({ authorization: `DPoP ${accessToken}` }), 401);
      const url = new URL(me, world.provider.url);
      const proven = async (key: typeof dpopKey) => ({
        authorization: `DPoP ${accessToken}`,
        dpop: await proofFor(key, { method: 'GET', url, accessToken }),
      });
      assert.equal(await ask(await proven(foreign)), 401);
      assert.equal(await ask(await proven(dpopKey)), 200);
    });

    it('a proof: it is good for no other request, and not for the same one again', async () => {
      const { id } = await connect('ada');
      const { accessToken, dpopKey } = await openVault(world, id);
      assert.ok(dpopKey);
      const authorization = `DPoP ${accessToken}`;
      const { headers } = await echo('ada', id);
      assert.equal(await ask({ authorization, dpop: headers.dpop }, '/api/echo'), 401);
      const url = new URL(me, world.provider.url);
      const dpop = await proofFor(dpopKey, { method: 'GET', url, accessToken });
      assert.equal(await ask({ authorization, dpop }, '/api/echo'), 401);
      const again = await proofFor(dpopKey, { method: 'GET', url, accessToken });
      assert.equal(await ask({ authorization, dpop: again }), 200);
      assert.equal(await ask({ authorization, dpop: again }), 401);
    });

    it('by asking: the token is not released, whatever the settings say', async () => {
      const { id } = await connect('ada');
      await refuses('token_release_off', suite.token({ uid: 'ada' }, id, deadlineAt()));
      const time = { timeoutMs: 20_000 };
      await refuses('token_release_off', suite.connections.getAccessToken('ada', id, time));
    });

    it('by a header: callers set neither proof nor credential', async () => {
      const { id } = await connect('ada');
      const request = { method: 'GET', path: '/echo', headers: { DPoP: 'made up' } };
      await refuses('header_not_allowed', suite.call({ uid: 'ada' }, id, request, deadlineAt()));
      const client = await suite.connections.client('ada', id, { timeoutMs: 20_000 });
      await assert.rejects(client.get('/echo', { headers: { dpop: 'made up' } }), {
        code: 'header_not_allowed',
      });
    });

    it('from the database: the key is sealed with the tokens', async () => {
      const { id } = await connect('ada');
      const { dpopKey } = await openVault(world, id);
      assert.ok(dpopKey);
      const all = JSON.stringify(await world.documents());
      for (const part of [dpopKey.d, dpopKey.x]) assert.equal(all.includes(part), false);
    });
  });

  it('is not made of a Bearer token: what came is revoked', async () => {
    world.provider.addFault({ endpoint: 'token', patch: { token_type: 'Bearer' } });
    await refuses('provider_answer_invalid', connect('ada'));
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.deepEqual(await suite.list({ uid: 'ada' }), []);
  });

  it('is not turned into a Bearer token by a refresh', async () => {
    const { id } = await connect('ada');
    world.clock.advance(3_600_000);
    world.provider.addFault({ endpoint: 'token', patch: { token_type: 'Bearer' } });
    await refuses('provider_answer_invalid', world.call('ada', id, suite));
    assert.equal(world.provider.counters().apiCalls.total, 0);
  });

  it('stays as it is where the settings change their mind, until it is connected again', async () => {
    const { id } = await connect('ada');
    world.publish((unchanged) => unchanged);
    const plain = world.newSuite();
    assert.equal((await echo('ada', id, plain)).authorization.scheme, 'DPoP');
    await world.connect('ada', { suite: plain, connectionId: id });
    assert.equal((await echo('ada', id, plain)).authorization.scheme, 'Bearer');
    assert.equal((await openVault(world, id)).dpopKey, undefined);
  });

  it('has its refresh token bound as well, where the client has no secret: without the key it is worth nothing', async () => {
    const clientId = 'strongroom-sandbox-public';
    const change = { clientId, clientAuthentication: 'none', clientSecrets: [], dpop: true };
    world.publish(changeProvider('sandbox', change));
    suite = world.newSuite();
    const { id } = await connect('ada');
    const { refreshToken = '' } = await openVault(world, id);
    const stolen = await fetch(`${world.provider.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: refreshToken,
      }),
    });
    assert.equal(stolen.status, 400);
    world.clock.advance(3_600_000);
    assert.equal(await world.call('ada', id, suite), 200);
    assert.notEqual((await openVault(world, id)).refreshToken, refreshToken);
  });

  it('ends as any other: revoked at the provider', async () => {
    const { id } = await connect('ada');
    assert.deepEqual(await suite.disconnect({ uid: 'ada' }, id), { revoked: true });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
  });
});
