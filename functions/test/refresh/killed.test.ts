import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import type { Rotation } from '../../../sandbox/provider/settings.ts';
import { holdCommit } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { rotations, setRotation } from '../harness/rotations.ts';
import { startWorker, type Worker } from '../harness/workers.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const uid = 'ada';

/** A process about to die. */
interface Victim {
  readonly world: World;
  readonly id: string;
  readonly worker: Worker;
  /** Has it call, which needs a refresh. */
  call(): Promise<string[]>;
}

interface Step {
  /** Kills it there. */
  readonly kill: (victim: Victim) => Promise<void>;
  /** Token requests that it has sent by then. */
  readonly asked: 0 | 1;
  /** Where the token set is that the provider gave. */
  readonly given: 'nowhere' | 'lost' | 'stored';
}

const steps: Readonly<Record<string, Step>> = {
  'before the lease': {
    async kill({ world, worker, call }) {
      const held = holdCommit(world.meter, 'lease');
      void call();
      await held.reached;
      await worker.kill();
      held.release({ drop: 'before' });
    },
    asked: 0,
    given: 'nowhere',
  },
  'after the lease': {
    async kill({ world, id, worker, call }) {
      const held = holdCommit(world.meter, 'lease');
      void call();
      await held.reached;
      await worker.stop();
      held.release();
      await until('the lease', async () => (await world.vault(id)).lease !== null);
      await worker.kill();
    },
    asked: 0,
    given: 'nowhere',
  },
  'while the provider has its request and does nothing': {
    async kill({ world, worker, call }) {
      world.provider.addFault({ endpoint: 'token', delayMs: 60_000, drop: 'before' });
      void call();
      await until('the request', async () => tokenRequests(world) === 1);
      await worker.kill();
    },
    asked: 1,
    given: 'nowhere',
  },
  'while the provider works for it': {
    async kill({ world, worker, call }) {
      world.provider.addFault({ endpoint: 'token', delayMs: 60_000, processed: true });
      void call();
      await until('the refresh', async () => world.provider.grants().at(-1)?.refreshes === 1);
      await worker.kill();
    },
    asked: 1,
    given: 'lost',
  },
  "after the provider's answer, before the commit": {
    async kill({ world, worker, call }) {
      const held = holdCommit(world.meter, 'refresh');
      void call();
      await held.reached;
      await worker.kill();
      held.release({ drop: 'before' });
    },
    asked: 1,
    given: 'lost',
  },
  'while the commit is on its way': {
    async kill({ world, id, worker, call }) {
      const held = holdCommit(world.meter, 'refresh');
      void call();
      await held.reached;
      await worker.kill();
      held.release({ drop: 'after' });
      await until('the commit', async () => (await world.vault(id)).generation === 2);
    },
    asked: 1,
    given: 'stored',
  },
  'while the commit is answered': {
    async kill({ world, id, worker, call }) {
      const held = holdCommit(world.meter, 'refresh');
      void call();
      await held.reached;
      await worker.stop();
      held.release({ drop: 'after' });
      await until('the commit', async () => (await world.vault(id)).generation === 2);
      await worker.kill();
    },
    asked: 1,
    given: 'stored',
  },
  'after the commit': {
    async kill({ worker, call }) {
      assert.deepEqual(await call(), ['200']);
      await worker.kill();
    },
    asked: 1,
    given: 'stored',
  },
};

describe('a process killed in the middle of a refresh', function () {
  this.timeout(60_000);

  let world: World;
  let next: Promise<Worker>;
  before(async () => {
    world = await createWorld();
    next = startWorker(world, { clock: 'own' });
  });
  after(async () => {
    await (await next).leave();
    await world.stop();
  });
  beforeEach(() => world.reset());

  /** Kills one of the connection's processes there. @returns the connection. */
  const killAt = async (step: Step, rotation: Rotation): Promise<string> => {
    setRotation(world, rotation);
    const { id } = await world.connect(uid, { suite: world.newSuite() });
    world.provider.resetCounters();
    expire(world);
    const worker = await next;
    worker.takeWorldTime();
    const call = () => worker.call([{ uid, connectionId: id, times: 1 }]);
    try {
      await step.kill({ world, id, worker, call });
    } finally {
      await worker.kill();
      // The next one starts while this test goes on.
      next = startWorker(world, { clock: 'own' });
    }
    assert.equal(tokenRequests(world), step.asked);
    return id;
  };
  /** Another instance, to which waiting costs no time. */
  const survivor = () => {
    const sleep = async (delayMs: number) => world.clock.advance(Math.ceil(delayMs));
    return world.newSuite({ clock: { ...world.clock, sleep } });
  };

  for (const [when, step] of Object.entries(steps)) {
    const wanted = step.asked + (step.given === 'stored' ? 0 : 1);
    for (const rotation of ['none', 'grace', 'strict'] as const) {
      if (step.given === 'lost' && rotation === 'strict') continue;
      const requests = `${wanted} token request${wanted === 1 ? '' : 's'}`;
      it(`${when}: the next call works, ${requests} in all (${rotations[rotation]})`, async () => {
        const id = await killAt(step, rotation);
        const suite = survivor();
        assert.equal(await world.call(uid, id, suite), 200);
        assert.equal(tokenRequests(world), wanted);
        await assertSound(world, id, 2);

        // What is stored can be spent as well.
        expire(world);
        assert.equal(await world.call(uid, id, suite), 200);
        assert.equal(tokenRequests(world), wanted + 1);
        await assertSound(world, id, 3);
      });
    }
  }

  describe('with the only copy of what a provider gave that rotates', () => {
    for (const [when, step] of Object.entries(steps)) {
      if (step.given !== 'lost') continue;
      it(`${when}: interrupted after one attempt, none after it, and reconnecting heals`, async () => {
        const id = await killAt(step, 'strict');
        const suite = survivor();
        await refuses('needs_reauth', world.call(uid, id, suite), { reason: 'interrupted' });
        assert.equal(tokenRequests(world), step.asked + 1);
        const { status, reason, lease, journal } = await world.vault(id);
        assert.deepEqual(
          { status, reason, lease, journal },
          { status: 'needs_reauth', reason: 'interrupted', lease: null, journal: null },
        );

        for (const other of [suite, survivor()])
          await refuses('needs_reauth', world.call(uid, id, other), { reason: 'interrupted' });
        assert.equal(tokenRequests(world), step.asked + 1);

        await world.connect(uid, { connectionId: id, suite });
        assert.equal(await world.call(uid, id, suite), 200);
      });
    }
  });
});

function tokenRequests(world: World): number {
  return world.provider.counters().tokenRequests.total;
}

function expire(world: World): void {
  world.clock.advance((lifetimeSeconds + 1) * 1_000);
}

/** A token set of that generation, nobody's lease, and a grant that lives. */
async function assertSound(world: World, id: string, expected: number): Promise<void> {
  const { status, generation, lease, journal } = await world.vault(id);
  assert.deepEqual(
    { status, generation, lease, journal },
    { status: 'active', generation: expected, lease: null, journal: null },
  );
  assert.equal(world.provider.grants().at(-1)?.status, 'active');
}
