import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { createServerClock } from '../../src/platform/server-clock.ts';
import type { Suite } from '../../src/suite.ts';
import { createWorld, type World } from '../harness/world.ts';

const minuteMs = 60_000;
const lifetimeSeconds = 300;
/** What Firestore's time and this machine's, which are the same, may seem to differ by. */
const toleranceMs = 10_000;

/** An instance whose time of day is wrong; what it counts by is right, as in any process. */
interface Wrong {
  readonly suite: Suite;
  /** Sets its time of day. */
  set(skewMs: number): void;
}

describe('an instance whose time of day is wrong', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const wrong = (skewMs: number): Wrong => {
    let skew = skewMs;
    const local: Clock = { ...systemClock, now: () => systemClock.now() + skew };
    return {
      suite: world.newSuite({ clock: createServerClock(local) }),
      set(ms) {
        skew = ms;
      },
    };
  };
  const connect = async (suite: Suite) => {
    const { id } = await world.connect('ada', { suite });
    world.provider.resetCounters();
    return id;
  };
  const call = async (id: string, suite: Suite) => {
    const deadlineAt = systemClock.ticks() + 55_000;
    const request = { method: 'GET', path: '/me' };
    assert.equal((await suite.call({ uid: 'ada' }, id, request, deadlineAt)).status, 200);
  };
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const assertRightTimes = async (id: string) => {
    const { expiresAt, obtainedAt } = await world.vault(id);
    const age = Date.now() - obtainedAt;
    assert.ok(age >= -toleranceMs && age < toleranceMs + 30_000, `${age} ms old`);
    assert.equal(Number(expiresAt) - obtainedAt, lifetimeSeconds * 1_000);
  };

  for (const skewMs of [-5 * minuteMs, 5 * minuteMs]) {
    const name = skewMs < 0 ? '5 minutes late' : '5 minutes early';
    it(`(${name}) writes right times, and neither refreshes too soon nor uses what is over`, async () => {
      const { suite } = wrong(skewMs);
      const id = await connect(suite);
      await assertRightTimes(id);
      for (let n = 0; n < 5; n += 1) await call(id, wrong(skewMs).suite);
      assert.equal(tokenRequests(), 0);
      await end(id);
      await call(id, wrong(skewMs).suite);
      assert.equal(tokenRequests(), 1);
      await assertRightTimes(id);
    });
  }

  it('and another whose is wrong the other way: one refresh per expiry, none in between', async () => {
    const id = await connect(wrong(0).suite);
    for (let expiries = 1; expiries <= 3; expiries += 1) {
      await end(id);
      const pair = [wrong(5 * minuteMs), wrong(-5 * minuteMs)];
      await Promise.all(pair.map(({ suite }) => call(id, suite)));
      // New ones as well, which have nothing at hand.
      for (let n = 0; n < 5; n += 1) {
        for (const { suite } of pair) await call(id, suite);
        await call(id, wrong(5 * minuteMs).suite);
        await call(id, wrong(-5 * minuteMs).suite);
      }
      assert.equal(tokenRequests(), expiries);
    }
  });

  it('by an hour, back and forth: nothing changes', async () => {
    const instance = wrong(0);
    const id = await connect(instance.suite);
    for (const skewMs of [3_600_000, -3_600_000, 3_600_000, 0]) {
      instance.set(skewMs);
      await call(id, instance.suite);
    }
    assert.equal(tokenRequests(), 0);
    instance.set(-3_600_000);
    await end(id);
    // What it has at hand it believes for a minute; the API has the last word.
    world.provider.expireAccessTokens();
    await call(id, instance.suite);
    instance.set(3_600_000);
    for (let n = 0; n < 5; n += 1) await call(id, instance.suite);
    assert.equal(tokenRequests(), 1);
    await assertRightTimes(id);
  });

  it('in the middle of a refresh: its lease ends when it should', async () => {
    const instance = wrong(0);
    const id = await connect(instance.suite);
    await end(id);
    world.provider.expireAccessTokens();
    world.provider.addFault({ endpoint: 'token', delayMs: 1_000 });
    const calling = call(id, instance.suite);
    await until('the request', async () => tokenRequests() === 1);
    instance.set(-3_600_000);
    await Promise.all([calling, call(id, wrong(5 * minuteMs).suite)]);
    assert.equal(tokenRequests(), 1);
    await assertRightTimes(id);
  });

  /** Has the connection's token be over, by Firestore's time. */
  async function end(id: string): Promise<void> {
    const found = await world.store.readVault(id);
    assert.ok(found);
    const now = Date.now();
    const times = { obtainedAt: now - 2 * lifetimeSeconds * 1_000, expiresAt: now - 1 };
    await world.store.update(found, times);
  }
});
