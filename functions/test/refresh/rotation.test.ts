import assert from 'node:assert/strict';
import type { Enqueue } from '../../src/platform/tasks.ts';
import { rotationPeriodMs } from '../../src/refresh/allowance.ts';
import { type Batch, batchSize } from '../../src/refresh/batches.ts';
import { shards } from '../../src/store/documents.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 3_600;
/** The dice that give no jitter: due exactly a lead of 10 minutes before expiry. */
const random = () => 0;
const leadSeconds = 600;

describe('rotation', () => {
  let world: World;
  let handed: Batch[];
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
    handed.push(parseRequest(batchRequest, data));
  };
  const dueOf = (batches: Batch[]) => batches.flatMap(({ connections }) => connections);
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
    assert.deepEqual(dueOf(handed), [{ id: due, generation: 1 }]);
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
    assert.deepEqual(dueOf(handed), [{ id, generation: 1 }]);
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
      dueOf(handed)
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

  it('puts off what cannot be opened for an hour, so that it takes nobody’s turn; then tries again', async () => {
    const id = await connect('unreadable');
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    const before = await world.store.readVault(id);
    assert.ok(before);
    await world.store.update(before, { sealed: 'sealed by a key that is lost' });
    const suite = instance();
    await suite.rotate();
    const [batch] = handed;
    assert.ok(batch);
    // One of the writes is the audit's: what does not open may have been tampered with.
    assert.deepEqual(await world.costOf(() => suite.refreshBatch(batch)), { reads: 2, writes: 2 });
    handed = [];
    await suite.rotate();
    assert.deepEqual(dueOf(handed), []);

    // Whoever mends it need not do more: it is due again by itself.
    const after = await world.store.readVault(id);
    assert.ok(after);
    const { sealed, ...rest } = before.document;
    assert.deepEqual(
      { ...after.document, sealed: '', refreshAt: 0 },
      { ...rest, sealed: '', refreshAt: 0 },
    );
    await world.store.update(after, { sealed });
    world.clock.advance(3_600_000);
    await suite.rotate();
    for (const again of handed) await suite.refreshBatch(again);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('hands nothing over of a provider that the settings no longer have', async () => {
    const id = await connect('left-behind');
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    world.publish(({ app, providers: { sandbox: _gone, ...providers } }) => ({ app, providers }));
    await instance().rotate();
    assert.deepEqual(handed, []);
    world.publish((unchanged) => unchanged);
    await instance().rotate();
    assert.deepEqual(dueOf(handed), [{ id, generation: 1 }]);
  });

  it(`hands over batches of ${batchSize} at most, each connection once, in turns`, async () => {
    const id = await connect('copied');
    const document = await world.vault(id);
    const refreshAt = world.clock.now();
    const status = await world.store.readStatus('copied', id);
    assert.ok(status);
    const ids = Array.from({ length: batchSize + 1 }, (_, n) => `copy-${n}`.padEnd(22, '-'));
    await Promise.all(
      ids.map((copy, n) =>
        world.store.create(
          copy,
          { ...document, accountId: null, shard: n % shards, refreshAt },
          status,
        ),
      ),
    );
    await instance().rotate();
    const [one, two] = handed;
    assert.ok(one && two);
    assert.deepEqual(
      handed.map(({ connections }) => connections.length),
      [batchSize, 1],
    );
    // Of the sandbox's provider, which the settings let be asked ten times a second.
    assert.equal(two.startAt - one.startAt, (batchSize / 10) * 1_000);
    assert.deepEqual(
      dueOf(handed)
        .map((due) => due.id)
        .sort(),
      ids.sort(),
    );
  });
});
