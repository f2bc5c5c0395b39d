import assert from 'node:assert/strict';
import type { Settings } from '../../src/providers/settings-schema.ts';
import type { Suite } from '../../src/suite.ts';
import { refuses } from '../harness/errors.ts';
import { createEventWorld, type EventWorld } from './event-world.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The sandbox provider's. */
const tokenLifetimeMs = 300_000;

describe('each type of event arrives once, with its body:', function () {
  this.timeout(60_000);
  let events: EventWorld;
  before(async () => {
    events = await createEventWorld();
  });
  after(() => events.stop());
  beforeEach(() => events.reset());

  const told = (): Record<string, unknown>[] =>
    events.receiver.deliveries.map(({ type, data }) => ({ type, ...data }));
  const connect = async (suite: Suite) => {
    const { id } = await events.world.connect('ada', { suite });
    await events.runTasks(suite);
    events.receiver.deliveries.length = 0;
    return id;
  };
  const expire = () => events.world.clock.advance(tokenLifetimeMs + 1_000);
  const about = (connectionId: string) => ({ connectionId, uid: 'ada', provider: 'sandbox' });

  it('refreshed, where the settings name it', async () => {
    const suite = events.newSuite({ types: ['refreshed'] });
    const id = await connect(suite);
    for (const generation of [2, 3]) {
      expire();
      await Promise.all(Array.from({ length: 20 }, () => events.world.call('ada', id, suite)));
      assert.equal((await events.world.vault(id)).generation, generation);
    }
    await events.runTasks(suite);
    const deliveries = told();
    assert.deepEqual(
      deliveries.map((told) => [told['type'], told['generation'], told['sequence']]),
      [
        ['refreshed', 2, 1],
        ['refreshed', 3, 2],
      ],
    );
    const { expiresAt } = await events.world.vault(id);
    assert.equal(deliveries[1]?.['expiresAt'], new Date(expiresAt ?? 0).toISOString());
  });

  it('needs_reauth once, however often it is called; recovered once it was connected again', async () => {
    const { world } = events;
    const suite = events.newSuite();
    const id = await connect(suite);
    world.provider.revokeGrants();
    expire();
    for (let i = 0; i < 3; i += 1) await refuses('needs_reauth', world.call('ada', id, suite));
    await world.connect('ada', { suite, connectionId: id });
    assert.equal(await world.call('ada', id, suite), 200);
    await events.runTasks(suite);
    assert.deepEqual(told(), [
      { type: 'needs_reauth', ...about(id), sequence: 2, reason: 'revoked' },
      { type: 'recovered', ...about(id), sequence: 3 },
    ]);
  });

  it('provider_down and provider_recovered, of the provider, whatever the number of connections', async () => {
    const { world, receiver } = events;
    const suite = events.newSuite();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push(await connect(suite));
    const callAll = () => Promise.allSettled(ids.map((id) => world.call('ada', id, suite)));
    expire();
    const wrong = { error: 'invalid_client' };
    world.provider.addFault({ endpoint: 'token', status: 401, body: wrong, times: 100 });
    await callAll();
    await callAll();
    world.provider.clearFaults();
    world.clock.advance(10 * minuteMs);
    await callAll();
    world.clock.advance(10 * minuteMs);
    await callAll();
    await events.runTasks(suite);
    const deliveries = told();
    assert.deepEqual(
      deliveries.map(({ type }) => type),
      ['provider_down', 'provider_recovered'],
    );
    const [down, up] = deliveries;
    assert.deepEqual(down, {
      type: 'provider_down',
      provider: 'sandbox',
      sequence: 1,
      reason: 'misconfigured',
    });
    const { downSinceAt, ...rest } = Object(up);
    assert.deepEqual(rest, { type: 'provider_recovered', provider: 'sandbox', sequence: 2 });
    assert.ok(world.clock.now() - Date.parse(downSinceAt) > 10 * minuteMs);
    assert.deepEqual(
      receiver.deliveries.map(({ id }) => id),
      ['provider_sandbox_1', 'provider_sandbox_2'],
    );
  });

  it('expires_soon, 14 and 3 days before a grant ends', async () => {
    const { world, receiver } = events;
    const limited = (settings: Settings): Settings => {
      const { sandbox } = settings.providers;
      assert.ok(sandbox !== undefined);
      const life = { ...sandbox.life, refreshTokenAbsoluteSeconds: (30 * dayMs) / 1_000 };
      return { ...settings, providers: { sandbox: { ...sandbox, life } } };
    };
    const suite = events.newSuite({}, limited);
    const id = await connect(suite);
    const { needsReauthAt } = await world.vault(id);
    for (let day = 0; day < 29; day += 1) {
      world.clock.advance(dayMs);
      await suite.warn();
    }
    await events.runTasks(suite);
    const expected = { ...about(id), needsReauthAt: new Date(needsReauthAt ?? 0).toISOString() };
    assert.deepEqual(told(), [
      { type: 'expires_soon', ...expected, sequence: 2, days: 14 },
      { type: 'expires_soon', ...expected, sequence: 3, days: 3 },
    ]);
    assert.equal(receiver.firsts().length, 2);
  });
});
