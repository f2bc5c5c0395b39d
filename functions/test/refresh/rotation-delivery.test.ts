import assert from 'node:assert/strict';
import type { Enqueue } from '../../src/platform/tasks.ts';
import type { Batch } from '../../src/refresh/batches.ts';
import type { Suite } from '../../src/suite.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 3_600;
const count = 20;
/** The dice that give no jitter: all are due at once. */
const random = () => 0;
const leadSeconds = 600;
const rotate = { policy: 'always', usedWithinDays: 30, perSecond: 1_000, concurrency: 2 } as const;

describe('rotation, where runs overlap or die and tasks come twice or in any order', function () {
  this.timeout(90_000);

  let world: World;
  let users: { uid: string; id: string }[];
  let handed: Batch[];
  before(async () => {
    world = await createWorld();
    world.publish(({ app, providers }) => ({
      app,
      providers: Object.fromEntries(
        Object.entries(providers).map(([id, provider]) => [id, { ...provider, rotate }]),
      ),
    }));
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
    const suite = world.newSuite({ random });
    users = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const uid = `user-${n}`;
        // Of two providers, so that a run makes two tasks.
        const provider = n % 2 === 0 ? 'sandbox' : 'sandbox-oauth2';
        return { uid, id: (await world.connect(uid, { provider, suite })).id };
      }),
    );
  });
  after(() => world.stop());
  beforeEach(() => {
    handed = [];
    // What was refreshed by the test before this one is due anew.
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    world.provider.resetCounters();
  });

  const hand: Enqueue = async (_queue, data) => void handed.push(parseRequest(batchRequest, data));
  const instance = (enqueue: Enqueue = hand) => world.newSuite({ random, enqueue });
  const deliver = (suites: readonly Suite[], batches: readonly Batch[]) =>
    Promise.all(batches.map((batch, n) => suites[n % suites.length]?.refreshBatch(batch)));
  const ids = () => handed.flatMap(({ connections }) => connections.map(({ id }) => id)).sort();
  const all = () => users.map(({ id }) => id).sort();
  const generations = () =>
    Promise.all(users.map(async ({ id }) => (await world.vault(id)).generation));
  const assertOneRequestEach = async (before: readonly number[]) => {
    const { tokenRequests, tokenErrors } = world.provider.counters();
    assert.deepEqual(tokenRequests.byGrantType, { refresh_token: count });
    assert.equal(tokenErrors, 0);
    assert.deepEqual(
      await generations(),
      before.map((generation) => generation + 1),
    );
    handed = [];
    await instance().rotate();
    assert.deepEqual(ids(), [], 'nothing is due any more');
  };

  it('runs that overlap, and each task three times and in no order: one request per connection', async () => {
    const before = await generations();
    await Promise.all([instance().rotate(), instance().rotate()]);
    assert.deepEqual(ids(), [...all(), ...all()].sort());
    const shuffled = [...handed, ...handed.toReversed(), ...handed];
    await deliver([instance(), instance(), instance()], shuffled);
    await assertOneRequestEach(before);
  });

  it('tasks that come once more after the next run’s: no request at all', async () => {
    await instance().rotate();
    const old = handed;
    await deliver([instance()], old);
    world.clock.advance((lifetimeSeconds - leadSeconds) * 1_000);
    handed = [];
    await instance().rotate();
    await deliver([instance()], handed);
    world.provider.resetCounters();
    const before = await generations();
    await deliver([instance(), instance()], [...old, ...handed, ...old]);
    assert.equal(world.provider.counters().tokenRequests.total, 0);
    assert.deepEqual(await generations(), before);
  });

  it('a run that dies half-way: the next one hands over the rest, and what is under way twice', async () => {
    const before = await generations();
    const dying: Enqueue = async (queue, data) => {
      if (handed.length > 0) throw new Error('The task queue cannot be reached.');
      await hand(queue, data);
    };
    await assert.rejects(instance(dying).rotate());
    assert.equal(ids().length, count / 2);
    const [first] = handed;
    assert.ok(first);
    const underWay = instance().refreshBatch(first);
    await instance().rotate();
    await Promise.all([underWay, deliver([instance()], handed.slice(1))]);
    assert.deepEqual([...new Set(ids())], all());
    await assertOneRequestEach(before);
  });

  it(`callers, runs and tasks at once, on ${count} connections: ${count} requests, and no call fails`, async () => {
    const before = await generations();
    await instance().rotate();
    world.clock.advance((leadSeconds + 1) * 1_000);
    const other = instance();
    const tasks: Promise<unknown>[] = [];
    const rotating = instance(async (_queue, data) => {
      tasks.push(instance().refreshBatch(parseRequest(batchRequest, data)));
    });
    const callers = users.flatMap(({ uid, id }) =>
      [world.suite, other].flatMap((suite) => [
        world.call(uid, id, suite),
        world.call(uid, id, suite),
      ]),
    );
    await Promise.all([
      rotating.rotate(),
      deliver(
        [instance()],
        handed.map((batch) => ({ ...batch, startAt: world.clock.now() })),
      ),
      ...callers,
    ]);
    await Promise.all(tasks);
    assert.deepEqual([...new Set(await Promise.all(callers))], [200]);
    await assertOneRequestEach(before);
  });

  it('a provider that is down: tasks stop, runs leave it out, one tries, then all are refreshed', async () => {
    const before = await generations();
    await instance().rotate();
    world.provider.addFault({ endpoint: 'token', status: 503, times: 10_000 });
    await deliver([instance(), instance()], handed);
    const asked = world.provider.counters().tokenRequests.total;
    assert.ok(asked >= 5 && asked < count, `${asked} requests`);

    // Both providers of the settings are the same server: both are paused.
    handed = [];
    await instance().rotate();
    assert.deepEqual(ids(), []);

    world.provider.clearFaults();
    world.clock.advance(60_000);
    await instance().rotate();
    assert.equal(handed.length, 2);
    assert.ok(handed.every(({ connections }) => connections.length === 1));
    await deliver([instance()], handed);
    handed = [];
    world.provider.resetCounters();
    await instance().rotate();
    await deliver([instance()], handed);
    assert.equal(world.provider.counters().tokenRequests.total, count - 2);
    assert.deepEqual(
      await generations(),
      before.map((generation) => generation + 1),
    );
  });
});
