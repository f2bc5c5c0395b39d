import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import type { Rotation } from '../../../sandbox/provider/settings.ts';
import { doubtMs, leaseMs } from '../../src/refresh/protocol.ts';
import { holdCommit, holdCommits } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { rotations, setRotation } from '../harness/rotations.ts';
import type { StopBefore } from '../harness/worker.ts';
import { startWorker, type Worker } from '../harness/workers.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const uid = 'ada';

describe('a process that stands still in the middle of a refresh, for longer than its lease', function () {
  this.timeout(60_000);

  let world: World;
  let worker: Worker;
  before(async () => {
    world = await createWorld();
    worker = await startWorker(world, { clock: 'own' });
  });
  after(async () => {
    await worker.kill();
    await world.stop();
  });
  beforeEach(() => world.reset());
  afterEach(() => worker.resume());

  const connectExpired = async (rotation: Rotation): Promise<string> => {
    setRotation(world, rotation);
    const { id } = await world.connect(uid, { suite: world.newSuite() });
    world.provider.resetCounters();
    expire();
    return id;
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const grantStatus = () => world.provider.grants().at(-1)?.status;
  const leaseOf = async (id: string) => (await world.vault(id)).lease?.owner;
  const call = (id: string, stopBefore?: StopBefore) => {
    worker.takeWorldTime();
    return worker.call([{ uid, connectionId: id, times: 1 }], stopBefore);
  };
  /** It goes on, at the time that the others have by now. */
  const wake = () => {
    worker.takeWorldTime();
    worker.resume();
  };
  /** Another instance, to which waiting costs no time. */
  const hasty = () => {
    const sleep = async (delayMs: number) => world.clock.advance(Math.ceil(delayMs));
    return world.newSuite({ clock: { ...world.clock, sleep } });
  };
  /** Stands still with the provider's answer, its commit on the way. */
  const stopWithAnswer = async (id: string) => {
    const held = holdCommit(world.meter, 'refresh');
    const outcomes = call(id);
    await held.reached;
    await worker.stop();
    return { outcomes, held };
  };
  /** What is stored can be used, and spent. */
  const assertWorks = async (id: string) => {
    const suite = hasty();
    assert.equal(await world.call(uid, id, suite), 200);
    const { generation } = await world.vault(id);
    expire();
    assert.equal(await world.call(uid, id, suite), 200);
    const { status, lease, journal, generation: next } = await world.vault(id);
    assert.deepEqual([status, lease, journal, next], ['active', null, null, generation + 1]);
    assert.equal(grantStatus(), 'active');
  };

  for (const rotation of ['none', 'grace', 'strict'] as const) {
    it(`asks the provider nothing once it wakes without having asked (${rotations[rotation]})`, async () => {
      const id = await connectExpired(rotation);
      const held = holdCommit(world.meter, 'lease');
      const outcomes = call(id);
      await held.reached;
      await worker.stop();
      held.release();
      await until('the lease', async () => (await leaseOf(id)) !== undefined);
      assert.equal(await world.call(uid, id, hasty()), 200);
      const kept = await world.vault(id);
      assert.equal(kept.generation, 2);

      wake();
      assert.deepEqual(await outcomes, ['200']);
      assert.equal(tokenRequests(), 1);
      assert.deepEqual(await world.vault(id), kept);
      await assertWorks(id);
    });
  }

  for (const rotation of ['none', 'grace'] as const) {
    const titleEnd = `(${rotations[rotation]})`;

    it(`replaces nothing newer with what it asks for too late ${titleEnd}`, async () => {
      const id = await connectExpired(rotation);
      const outcomes = call(id, 'token request');
      await worker.stopped();
      assert.equal(tokenRequests(), 0);
      assert.equal(await world.call(uid, id, hasty()), 200);
      const kept = await world.vault(id);

      wake();
      assert.deepEqual(await outcomes, ['200']);
      assert.equal(tokenRequests(), 2);
      assert.deepEqual(await world.vault(id), kept);
      await assertWorks(id);
    });

    it(`replaces nothing newer with the answer it has ${titleEnd}`, async () => {
      const id = await connectExpired(rotation);
      const { outcomes, held } = await stopWithAnswer(id);
      assert.equal(await world.call(uid, id, hasty()), 200);
      const kept = await world.vault(id);
      assert.equal(kept.generation, 2);

      wake();
      held.release();
      assert.deepEqual(await outcomes, ['200']);
      assert.equal(tokenRequests(), 2);
      assert.deepEqual(await world.vault(id), kept);
      await assertWorks(id);
    });

    it(`writes the answer it has where nobody got a newer one ${titleEnd}`, async () => {
      const id = await connectExpired(rotation);
      const { outcomes, held } = await stopWithAnswer(id);
      world.clock.advance(leaseMs);
      const headers = { 'retry-after': '600' };
      world.provider.addFault({ endpoint: 'token', status: 503, headers });
      await refuses('unavailable', world.call(uid, id, world.newSuite()));

      wake();
      held.release();
      assert.deepEqual(await outcomes, ['200']);
      assert.equal(tokenRequests(), 2);
      assert.equal((await world.vault(id)).generation, 2);
      await assertWorks(id);
    });

    it(`leaves the lease to whoever holds it now, whose newer answer stays ${titleEnd}`, async () => {
      const id = await connectExpired(rotation);
      const [late, current] = holdCommits(world.meter, 'refresh', 2);
      assert.ok(late && current);
      const outcomes = call(id);
      await late.reached;
      await worker.stop();
      world.clock.advance(leaseMs);
      const refreshing = world.call(uid, id, world.newSuite());
      await current.reached;
      const holder = await leaseOf(id);

      wake();
      late.release();
      assert.deepEqual(await outcomes, ['200']);
      const between = await world.vault(id);
      assert.deepEqual([between.generation, between.lease?.owner], [2, holder]);

      current.release();
      assert.equal(await refreshing, 200);
      const { generation, committedBy } = await world.vault(id);
      assert.deepEqual([generation, committedBy], [3, holder]);
      assert.equal(tokenRequests(), 2);
      await assertWorks(id);
    });
  }

  describe('where the provider revokes a grant whose refresh token is used twice', () => {
    it('brings its answer while another still leaves the token alone: one token request', async () => {
      const id = await connectExpired('strict');
      const { outcomes, held } = await stopWithAnswer(id);
      const vanished = await leaseOf(id);
      world.clock.advance(leaseMs);
      const gate = Promise.withResolvers<void>();
      const patient = world.newSuite({ clock: { ...world.clock, sleep: () => gate.promise } });
      const waiting = world.call(uid, id, patient);
      await until('another holder', async () => (await leaseOf(id)) !== vanished);
      const holder = await leaseOf(id);

      wake();
      held.release();
      assert.deepEqual(await outcomes, ['200']);
      const between = await world.vault(id);
      assert.deepEqual([between.generation, between.lease?.owner], [2, holder]);

      world.clock.advance(doubtMs);
      gate.resolve();
      assert.equal(await waiting, 200);
      assert.equal(tokenRequests(), 1);
      await assertWorks(id);
    });

    it('comes too late after that: its user must act, and nobody asks the provider again', async () => {
      const id = await connectExpired('strict');
      const { outcomes, held } = await stopWithAnswer(id);
      await refuses('needs_reauth', world.call(uid, id, hasty()), { reason: 'interrupted' });
      assert.equal(tokenRequests(), 2);
      assert.equal(grantStatus(), 'revoked');

      wake();
      held.release();
      assert.match((await outcomes).join(), /must be connected again/);
      const { status, lease, journal } = await world.vault(id);
      assert.deepEqual([status, lease, journal], ['needs_reauth', null, null]);
      const asked = tokenRequests();
      assert.ok(asked <= 3, `${asked} token requests`);
      await refuses('needs_reauth', world.call(uid, id, hasty()));
      assert.equal(tokenRequests(), asked);

      await world.connect(uid, { connectionId: id });
      await assertWorks(id);
    });
  });
});
