import assert from 'node:assert/strict';
import type { Enqueue } from '../../src/platform/tasks.ts';
import { batchSize, type Due, rotationPeriodMs } from '../../src/refresh/rotation.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 3_600;
/** The dice that give no jitter: due exactly a lead of 10 minutes before expiry. */
const random = () => 0;
const leadSeconds = 600;

describe('rotation', () => {
  let world: World;
  let handed: Due[][];
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    handed = [];
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
  });

  const instance = () => world.newSuite({ random, enqueue: hand });
  const hand: Enqueue = async (_queue, data) => {
    assert.ok('connections' in data && Array.isArray(data.connections));
    handed.push([...data.connections]);
  };
  const connect = async (uid: string) =>
    (await world.connect(uid, { suite: world.newSuite({ random }) })).id;
  const refreshes = (accountId: string) =>
    world.provider.grants().findLast((grant) => grant.accountId === accountId)?.refreshes;

  it('refreshes what is due before anybody calls, and nothing else', async () => {
    const due = await connect('due');
    world.provider.updateSettings({ accessTokenSeconds: 2 * lifetimeSeconds });
    const later = await connect('later');
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    const suite = instance();
    await suite.rotate();
    assert.deepEqual(handed, [[{ id: due, generation: 1 }]]);
    for (const batch of handed) await suite.refreshBatch(batch);

    const { generation, expiresAt, refreshAt, lease, journal } = await world.vault(due);
    assert.deepEqual({ generation, lease, journal }, { generation: 2, lease: null, journal: null });
    assert.equal(Number(expiresAt) - Number(refreshAt), leadSeconds * 1_000);
    assert.equal((await world.vault(later)).generation, 1);
    assert.deepEqual([refreshes('due'), refreshes('later')], [1, 0]);
  });

  it('takes what falls due before the next run, and not what falls due after it', async () => {
    const id = await connect('edge');
    const { refreshAt } = await world.vault(id);
    world.clock.advance(Number(refreshAt) - world.clock.now() - rotationPeriodMs - 5_000);
    await instance().rotate();
    assert.deepEqual(handed, []);
    world.clock.advance(5_000);
    await instance().rotate();
    assert.deepEqual(handed, [[{ id, generation: 1 }]]);
  });

  it('leaves a token set alone that a caller has refreshed meanwhile', async () => {
    const id = await connect('overtaken');
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    const suite = instance();
    await suite.rotate();
    world.provider.expireAccessTokens();
    assert.equal(await world.call('overtaken', id), 200);
    for (const batch of handed) await suite.refreshBatch(batch);
    assert.equal(refreshes('overtaken'), 1);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('refreshes once where a batch is delivered twice, at once or one after the other', async () => {
    const id = await connect('twice');
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    await instance().rotate();
    const [batch] = handed;
    assert.ok(batch);
    world.provider.resetCounters();
    await Promise.all([instance().refreshBatch(batch), instance().refreshBatch(batch)]);
    await instance().refreshBatch(batch);
    assert.deepEqual(world.provider.counters().tokenRequests.byGrantType, { refresh_token: 1 });
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('hands nothing over any more of what needs its user, is gone or has nothing to refresh', async () => {
    const dead = await connect('dead');
    world.provider.revokeGrants({ accountId: 'dead' });
    const gone = await connect('gone');
    const scopes = ['openid', 'profile'];
    await world.connect('tokenless', { scopes, suite: world.newSuite({ random }) });
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    const suite = instance();
    await suite.rotate();
    assert.deepEqual(
      handed
        .flat()
        .map(({ id }) => id)
        .sort(),
      [dead, gone].sort(),
    );
    await suite.disconnect({ uid: 'gone' }, gone);
    for (const batch of handed) await suite.refreshBatch(batch);
    assert.equal((await world.vault(dead)).status, 'needs_reauth');
    handed = [];
    await suite.rotate();
    assert.deepEqual(handed, []);
  });

  it(`hands over batches of ${batchSize} at most, each connection once`, async () => {
    const id = await connect('copied');
    const document = await world.vault(id);
    const refreshAt = world.clock.now();
    const status = await world.store.readStatus('copied', id);
    assert.ok(status);
    const ids = Array.from({ length: batchSize + 1 }, (_, n) => `copy-${n}`);
    await Promise.all(
      ids.map((copy) => world.store.create(copy, { ...document, shard: 0, refreshAt }, status)),
    );
    await instance().rotate();
    assert.deepEqual(handed.map(({ length }) => length).sort(), [1, batchSize]);
    assert.deepEqual(
      handed
        .flat()
        .map((due) => due.id)
        .sort(),
      ids.sort(),
    );
  });
});
