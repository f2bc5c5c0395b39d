import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { systemClock as realClock } from '../../src/platform/clock.ts';
import { holdCommit } from '../harness/commits.ts';
import { startWorkers, type Workers } from '../harness/workers.ts';
import { createWorld, type World } from '../harness/world.ts';

const minutesMs = 60_000;
const lifetimeSeconds = 300;
const callersEach = 25;
const uid = 'ada';

/** By how much the clocks of the four processes are wrong. */
const skews = { 'five minutes slow': -5, right: 0, 'five minutes fast': 5, jumping: 0 } as const;
const jumping = Object.keys(skews).indexOf('jumping');

describe('processes whose clocks disagree', function () {
  this.timeout(60_000);

  let world: World;
  let workers: Workers;
  before(async () => {
    world = await createWorld();
    workers = await startWorkers(world, Object.keys(skews).length);
  });
  after(async () => {
    await workers?.kill();
    await world.stop();
  });
  beforeEach(async () => {
    await world.reset();
    for (const [i, skew] of Object.values(skews).entries())
      workers.all[i]?.setTimes({ skewMs: skew * minutesMs });
  });

  /** A connection whose token is over, for the provider as well. */
  const connectExpired = async (): Promise<string> => {
    world.provider.updateSettings({ accessTokenSeconds: 1 });
    const { id } = await world.connect(uid, { suite: world.newSuite({ clock: realClock }) });
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
    await until('its end', async () => Number((await world.vault(id)).expiresAt) < Date.now());
    world.provider.resetCounters();
    return id;
  };
  /** Waits until callers have looked at the document that many times. */
  const looks = (count: number) => {
    world.meter.reset();
    return until('callers to look', async () => world.meter.counts().reads >= count);
  };

  for (const [holder, whose] of Object.keys(skews).entries()) {
    it(`refresh once, by the one whose clock is ${whose}; all 25 callers of each are served`, async () => {
      const id = await connectExpired();
      const callers = [{ uid, connectionId: id, times: callersEach }];
      const held = holdCommit(world.meter, 'refresh');
      const first = workers.all[holder]?.call(callers);
      await held.reached;
      const others = workers.all.filter((_, i) => i !== holder).map((other) => other.call(callers));
      await looks(12);
      workers.all[jumping]?.setTimes({ skewMs: 5 * minutesMs });
      await looks(6);
      workers.all[jumping]?.setTimes({ skewMs: -5 * minutesMs });
      await looks(6);
      held.release();

      const outcomes = (await Promise.all([first, ...others])).flat();
      assert.equal(outcomes.length, workers.all.length * callersEach);
      assert.deepEqual([...new Set(outcomes)], ['200']);
      assert.equal(world.provider.counters().tokenRequests.total, 1);
      const { generation, obtainedAt } = await world.vault(id);
      assert.equal(generation, 2);
      assert.ok(Math.abs(obtainedAt - Date.now()) < minutesMs, 'the time of the refresh is right');
    });
  }

  describe('that have just started', () => {
    /** Has a new process run `rotateTokens` as the first thing it does. */
    const rotateAt = async (skew: number, dueInMs: number) => {
      const { id } = await world.connect(uid, { suite: world.newSuite({ clock: realClock }) });
      const found = await world.store.readVault(id);
      assert.ok(found);
      await world.store.update(found, { refreshAt: Date.now() + dueInMs });
      world.provider.resetCounters();
      const fresh = await startWorkers(world, 1);
      fresh.all[0]?.setTimes({ skewMs: skew * minutesMs });
      await fresh.all[0]?.rotate();
      await fresh.stop();
      return world.provider.counters().tokenRequests.total;
    };

    it('rotate nothing before its time where a clock is five minutes fast', async () => {
      assert.equal(await rotateAt(5, 3 * minutesMs), 0);
    });

    it('rotate what is due where a clock is five minutes slow', async () => {
      assert.equal(await rotateAt(-5, -1_000), 1);
    });
  });
});
