import assert from 'node:assert/strict';
import { changeProvider } from '../harness/change-provider.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;

describe('a refresh that fails', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connect = async (options: Parameters<World['connect']>[1] = {}) => {
    const { id } = await world.connect('ada', options);
    world.provider.resetCounters();
    return id;
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  /** Too old to be handed out without a refresh, yet still valid. */
  const age = () => world.clock.advance((lifetimeSeconds - 20) * 1_000);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const statusOf = async (id: string) => {
    const status = await world.store.readStatus('ada', id);
    assert.ok(status);
    return status;
  };
  const assertActive = async (id: string) => {
    assert.equal((await world.vault(id)).status, 'active');
    assert.equal((await statusOf(id)).status, 'active');
  };

  describe('because the grant is gone', () => {
    it('says so in both documents after one request, to 50 callers as to one', async () => {
      const id = await connect();
      await world.call('ada', id);
      world.provider.revokeGrants();
      const errors = await Promise.all(
        Array.from({ length: 50 }, () => errorOf(world.call('ada', id))),
      );
      assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['needs_reauth']);
      assert.equal(errors[0]?.details.reason, 'revoked');
      assert.equal(tokenRequests(), 1);
      const { status, reason, refreshAt, lease, journal } = await world.vault(id);
      assert.deepEqual(
        { status, reason, refreshAt, lease, journal },
        { status: 'needs_reauth', reason: 'revoked', refreshAt: null, lease: null, journal: null },
      );
      const shown = await statusOf(id);
      assert.deepEqual([shown.status, shown.reason], ['needs_reauth', 'revoked']);
      assert.equal((await world.suite.get({ uid: 'ada' }, id)).reason, 'revoked');
    });

    it('asks the provider never again, whoever calls, and writes nothing more', async () => {
      const id = await connect();
      const other = world.newSuite();
      await world.call('ada', id, other);
      world.provider.revokeGrants();
      await refuses('needs_reauth', world.call('ada', id));
      world.provider.resetCounters();
      const before = await world.documents();
      for (const suite of [world.suite, world.newSuite(), other, other]) {
        await refuses('needs_reauth', world.call('ada', id, suite), { reason: 'revoked' });
      }
      expire();
      await world.newSuite().refreshBatch({
        provider: 'sandbox',
        connections: [{ id, generation: 1 }],
        startAt: world.clock.now(),
      });
      await refuses('needs_reauth', world.call('ada', id));
      assert.equal(tokenRequests(), 0);
      assert.deepEqual(await world.documents(), before);
    });

    it('is healed by reconnecting: the same connection, as old as it was', async () => {
      const id = await connect();
      world.provider.revokeGrants();
      expire();
      await refuses('needs_reauth', world.call('ada', id));
      const { createdAt } = await statusOf(id);
      world.clock.advance(5_000);
      const healed = await world.connect('ada', { connectionId: id });
      assert.equal(healed.id, id);
      assert.equal(healed.status, 'active');
      assert.equal(healed.reason, undefined);
      assert.equal(Date.parse(healed.createdAt), createdAt);
      assert.ok(Date.parse(healed.updatedAt) > createdAt);
      assert.equal(await world.call('ada', id), 200);
      await assertActive(id);
      assert.equal((await world.suite.list({ uid: 'ada' })).length, 1);
    });
  });

  describe('because the provider is out of order for a moment', () => {
    it('is tried once more: the call succeeds', async () => {
      const id = await connect();
      expire();
      world.provider.addFault({ endpoint: 'token', status: 503 });
      assert.equal(await world.call('ada', id), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id);
    });

    it('is not noticed while the old token lives, and not tried again at once', async () => {
      const id = await connect();
      age();
      world.provider.addFault({ endpoint: 'token', status: 503 });
      assert.equal(await world.call('ada', id), 200);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 1);
      world.clock.advance(1_000);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 2);
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('tells a caller at once to come later than he can wait', async () => {
      const id = await connect();
      expire();
      const headers = { 'retry-after': '600' };
      world.provider.addFault({ endpoint: 'token', status: 503, headers });
      const cost = await world.costOf(() =>
        refuses('unavailable', world.call('ada', id), {
          dependency: 'provider',
          retryAfterSeconds: 600,
        }),
      );
      assert.ok(cost.reads <= 1, JSON.stringify(cost));
      await assertActive(id);
      world.clock.advance(600_000);
      assert.equal(await world.call('ada', id), 200);
      assert.equal(tokenRequests(), 2);
    });

    it('sends no other instance to the provider before the time it asked for', async () => {
      const id = await connect();
      expire();
      const headers = { 'retry-after': '600' };
      world.provider.addFault({ endpoint: 'token', status: 429, headers });
      await refuses('unavailable', world.call('ada', id));
      const cost = await world.costOf(() =>
        refuses('unavailable', world.call('ada', id, world.newSuite()), {
          dependency: 'provider',
          retryAfterSeconds: 600,
        }),
      );
      assert.deepEqual([cost.reads, cost.writes], [1, 0]);
      assert.equal(tokenRequests(), 1);
    });
  });

  describe('because its answer was lost', () => {
    it('is repeated at once where the refresh token is not spent by its use', async () => {
      world.provider.updateSettings({ rotation: 'none' });
      world.publish((settings) => withRotation(settings, 'none'));
      const suite = world.newSuite();
      const id = await connect({ suite });
      expire();
      world.provider.addFault({ endpoint: 'token', drop: 'after' });
      assert.equal(await world.call('ada', id, suite), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id);
    });

    it('is tried once more where it is spent, and the answer believed: interrupted', async () => {
      const id = await connect();
      expire();
      world.provider.addFault({ endpoint: 'token', drop: 'after' });
      await refuses('needs_reauth', world.call('ada', id), { reason: 'interrupted' });
      assert.equal(tokenRequests(), 2);
      assert.equal((await statusOf(id)).reason, 'interrupted');
    });

    it('does no harm where the request never arrived', async () => {
      const id = await connect();
      expire();
      world.provider.addFault({ endpoint: 'token', drop: 'before' });
      assert.equal(await world.call('ada', id), 200);
      await assertActive(id);
    });
  });

  describe("because the provider refuses the app's registration", () => {
    it('changes the status of no connection and heals with the settings', async () => {
      const id = await connect();
      const status = await statusOf(id);
      expire();
      world.publish(changeProvider('sandbox', { clientSecrets: ['wrong'] }));
      const misled = world.newSuite();
      await refuses('provider_misconfigured', world.call('ada', id, misled), {
        providerError: 'invalid_client',
      });
      assert.deepEqual(await statusOf(id), status);
      await assertActive(id);
      world.publish((unchanged) => unchanged);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
    });
  });

  describe('because there is nothing to refresh with', () => {
    const scopes = ['openid', 'profile'];

    it("hands on the API's 401 while the token should live", async () => {
      const id = await connect({ scopes });
      world.provider.expireAccessTokens();
      assert.equal(await world.call('ada', id), 401);
      await assertActive(id);
    });

    it('needs its user once the token is over', async () => {
      const id = await connect({ scopes });
      expire();
      await refuses('needs_reauth', world.call('ada', id), { reason: 'no_refresh_token' });
      assert.equal((await statusOf(id)).reason, 'no_refresh_token');
      assert.equal(tokenRequests(), 0);
    });
  });

  it('keeps the refresh token where the answer omits it', async () => {
    const id = await connect();
    expire();
    const body = { access_token: 'refused by the API', token_type: 'Bearer', expires_in: 300 };
    const headers = { 'content-type': 'application/json' };
    world.provider.addFault({ endpoint: 'token', status: 200, headers, body });
    // The API refuses that token, so the kept refresh token is spent at once.
    assert.equal(await world.call('ada', id), 200);
    assert.equal(tokenRequests(), 2);
    assert.equal((await world.vault(id)).generation, 3);
  });
});

type Settings = Parameters<Parameters<World['publish']>[0]>[0];

function withRotation({ app, providers }: Settings, rotation: 'none'): Settings {
  const changed = Object.entries(providers).map(([id, provider]) => [
    id,
    { ...provider, life: { ...provider.life, rotation } },
  ]);
  return { app, providers: Object.fromEntries(changed) };
}
