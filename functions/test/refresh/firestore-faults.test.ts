import assert from 'node:assert/strict';
import type { Interception } from '../../../sandbox/firestore-meter/meter.ts';
import { doubtMs, leaseMs } from '../../src/refresh/protocol.ts';
import type { SuiteOverrides } from '../../src/suite.ts';
import { leapingClock } from '../harness/clock.ts';
import { atCommits, type CommitKind } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { type Outage, outageFrom, troubles } from '../harness/outage.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
/** What is waited for the shortest. */
const denied = troubles['permission denied'];

describe('a refresh while Firestore is in trouble', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  // The provider takes a refresh token that comes twice for a theft.
  beforeEach(() => world.reset());

  const connectExpired = async () => {
    const { id } = await world.connect('ada');
    world.provider.resetCounters();
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    return id;
  };
  /** An instance that need not wait for time to pass. */
  const instance = (overrides: SuiteOverrides = {}) =>
    world.newSuite({ clock: leapingClock(world.clock), ...overrides });
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const grant = () => {
    const [{ status, refreshes } = { status: 'none', refreshes: 0 }] = world.provider
      .grants()
      .slice(-1);
    return { status, refreshes };
  };
  const assertRefreshedOnce = async (id: string) => {
    assert.equal(tokenRequests(), 1);
    assert.deepEqual(grant(), { status: 'active', refreshes: 1 });
    const { generation, status, lease, journal } = await world.vault(id);
    assert.deepEqual(
      { generation, status, lease, journal },
      { generation: 2, status: 'active', lease: null, journal: null },
    );
  };

  for (const kind of ['lease', 'refresh'] as const) {
    for (const [name, trouble] of Object.entries(troubles)) {
      it(`that is ${name}, once, at its ${nameOf(kind)}: the token is spent once, and kept`, async () => {
        const id = await connectExpired();
        atCommits(world.meter, kind, [trouble]);
        const startedAt = world.clock.now();
        assert.equal(await world.call('ada', id, instance()), 200);
        assert.ok(world.clock.now() - startedAt < leaseMs, 'it waited for a lease');
        await assertRefreshedOnce(id);
        assert.equal(await world.call('ada', id, world.newSuite()), 200);
        await assertRefreshedOnce(id);
        assert.deepEqual(world.tasks, []);
      });
    }

    for (const name of ['permission denied', 'a connection dropped after the effect'] as const) {
      it(`that is ${name}, five times, at its ${nameOf(kind)}: the token is spent once, and kept`, async () => {
        const id = await connectExpired();
        atCommits(world.meter, kind, Array<Interception>(5).fill(troubles[name]));
        assert.equal(await world.call('ada', id, instance()), 200);
        await assertRefreshedOnce(id);
      });
    }
  }

  describe('that outlasts its caller, from the lease on', () => {
    for (const [name, first] of [
      ['which was not taken', denied],
      ['which was taken without an answer', troubles['a connection dropped after the effect']],
    ] as const) {
      it(`${name}: fails clean, spends nothing, and is in nobody's way for long when it is over`, async () => {
        const id = await connectExpired();
        const outage = outageFrom(world.meter, id, 'lease', denied, first);
        await refuses('unavailable', world.call('ada', id, instance()), {
          dependency: 'firestore',
        });
        await refuses('unavailable', world.call('ada', id, instance()));
        outage.end();
        assert.equal(tokenRequests(), 0);
        const startedAt = world.clock.now();
        assert.equal(await world.call('ada', id, instance()), 200);
        assert.ok(world.clock.now() - startedAt < leaseMs + doubtMs + 5_000);
        await assertRefreshedOnce(id);
      });
    }

    it('is not noticed by whoever still has a token that works', async () => {
      const { id } = await world.connect('ada');
      world.provider.resetCounters();
      world.clock.advance((lifetimeSeconds - 20) * 1_000);
      const outage = outageFrom(world.meter, id, 'lease', denied);
      assert.equal(await world.call('ada', id, instance()), 200);
      outage.end();
      assert.equal(tokenRequests(), 0);
    });
  });

  describe('that outlasts its caller, from the commit on', () => {
    // All but the first take as long as the client library tries.
    const all: readonly (readonly [string, Interception | 'silence'])[] = [
      ['permission denied', denied],
      ['unavailable', troubles.unavailable],
      ['connections dropped after the effect', troubles['a connection dropped after the effect']],
      ['silence', 'silence'],
    ];
    for (const [name, trouble] of all) {
      it(`(${name}): he has his token, a task has the rest, and writes it when it is over`, async () => {
        const id = await connectExpired();
        const outage = outageFrom(world.meter, id, 'refresh', trouble);
        assert.equal(await world.call('ada', id, instance()), 200);
        assert.deepEqual(
          world.tasks.map(({ queue }) => queue),
          ['commitRefresh'],
        );
        outage.end();
        await world.runTasks({ suite: instance() });
        await assertRefreshedOnce(id);
        assert.equal(await world.call('ada', id, instance()), 200);
        await assertRefreshedOnce(id);
      });
    }

    it('keeps the task: it fails until then', async () => {
      const id = await connectExpired();
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      assert.equal(await world.call('ada', id, instance()), 200);
      await refuses('unavailable', world.runTasks({ suite: instance() }));
      await refuses('unavailable', world.runTasks({ suite: instance() }));
      outage.end();
      await world.runTasks({ suite: instance() });
      await assertRefreshedOnce(id);
    });

    it('and takes the task queue with it: the process writes it when it is over', async () => {
      const id = await connectExpired();
      const { outage, clock } = endingAfter(id, 10_000);
      const enqueue = () => Promise.reject(new Error('Nor does the task queue work.'));
      assert.equal(await world.call('ada', id, instance({ clock, enqueue })), 200);
      outage.end();
      await assertRefreshedOnce(id);
      const said = logged().filter((line) => line.includes('neither Firestore nor a task'));
      assert.ok(said.length > 0 && said.length <= 5, `${said.length} lines`);
    });

    it('with a task queue that gives no answer: the process writes it when it is over', async () => {
      const id = await connectExpired();
      const { outage, clock } = endingAfter(id, 3_000);
      const enqueue = () => new Promise<void>(() => {});
      assert.equal(await world.call('ada', id, instance({ clock, enqueue })), 200);
      outage.end();
      await assertRefreshedOnce(id);
    });

    it('is told to him where neither it nor the task queue comes back', async () => {
      const id = await connectExpired();
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      const enqueue = () => Promise.reject(new Error('Nor does the task queue work.'));
      const startedAt = world.clock.now();
      await refuses('unavailable', world.call('ada', id, instance({ enqueue })), {
        dependency: 'firestore',
      });
      assert.ok(world.clock.now() - startedAt >= leaseMs + 30_000);
      outage.end();
      await refuses('needs_reauth', world.call('ada', id, instance()), { reason: 'interrupted' });
      assert.equal(tokenRequests(), 2);
    });

    /** An outage that ends after that much of the clock's time. */
    function endingAfter(
      id: string,
      ms: number,
    ): { outage: Outage; clock: ReturnType<typeof leapingClock> } {
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      const endsAt = world.clock.now() + ms;
      const clock = leapingClock(world.clock, async () => {
        if (world.clock.now() >= endsAt) outage.end();
      });
      return { outage, clock };
    }
  });

  describe('that ends before the task has come', () => {
    it('has a fresh instance wait for it, and spend nothing', async () => {
      const id = await connectExpired();
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      assert.equal(await world.call('ada', id, instance()), 200);
      outage.end();
      const sleeps: number[] = [];
      const clock = leapingClock(world.clock, async (ms) => {
        sleeps.push(ms);
        // The longest of them is the doubt's.
        if (ms >= 5_000) await world.runTasks({ suite: instance() });
      });
      assert.equal(await world.call('ada', id, world.newSuite({ clock })), 200);
      assert.ok(
        sleeps.some((ms) => ms >= 5_000),
        JSON.stringify(sleeps),
      );
      await assertRefreshedOnce(id);
      assert.equal(await world.call('ada', id, instance()), 200);
      await assertRefreshedOnce(id);
    });

    it('has it wait also where the grace window of the provider is over by then', async () => {
      world.publish(({ providers, ...settings }) => ({
        ...settings,
        providers: Object.fromEntries(
          Object.entries(providers).map(([name, provider]) => [
            name,
            { ...provider, life: { ...provider.life, rotation: 'rotates-with-grace' } },
          ]),
        ),
      }));
      const id = await connectExpired();
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      assert.equal(await world.call('ada', id, instance()), 200);
      world.clock.advance(5 * 60_000);
      outage.end();
      const clock = leapingClock(world.clock, async (ms) => {
        if (ms >= 5_000) await world.runTasks({ suite: instance() });
      });
      // The token that the task holds is over by now as well; what matters is which one is spent next.
      assert.equal(await world.call('ada', id, world.newSuite({ clock })), 200);
      assert.deepEqual(grant(), { status: 'active', refreshes: 2 });
    });

    it('has it wait on where only a warning was written meanwhile', async () => {
      const id = await connectExpired();
      const outage = outageFrom(world.meter, id, 'refresh', denied);
      assert.equal(await world.call('ada', id, instance()), 200);
      outage.end();
      const clock = leapingClock(world.clock, async (ms) => {
        if (ms < 5_000) return;
        const found = await world.store.readVault(id);
        assert.ok(found);
        await world.store.update(found, { warnAt: world.clock.now() });
      });
      // It never comes: what is left is to try, and to believe the answer.
      await refuses('needs_reauth', world.call('ada', id, world.newSuite({ clock })), {
        reason: 'interrupted',
      });
      assert.equal(tokenRequests(), 2);
    });
  });

  it('that strikes when a dead grant is written down: one more request, and the same end', async () => {
    const id = await connectExpired();
    world.provider.revokeGrants();
    atCommits(world.meter, 'other', [denied]);
    await refuses('unavailable', world.call('ada', id, instance()));
    await refuses('needs_reauth', world.call('ada', id, instance()));
    assert.equal(tokenRequests(), 2);
    await refuses('needs_reauth', world.call('ada', id, instance()));
    assert.equal(tokenRequests(), 2);
  });
});

function nameOf(kind: CommitKind): string {
  return kind === 'refresh' ? 'commit' : kind;
}
