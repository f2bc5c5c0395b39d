import assert from 'node:assert/strict';
import { startWorkers, type Worker } from '../harness/workers.ts';
import { createKeyWorld, dayMs, type KeyWorld } from './key-world.ts';

const rotations = 3;
const people = ['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald'];
const pointerTtlMs = 5 * 60_000;

describe('three rotations of keys under load', function () {
  this.timeout(240_000);
  let here: KeyWorld;
  before(async () => {
    here = await createKeyWorld();
  });
  after(() => here.stop());

  it('fail no call and no refresh of two processes, leave every document on the newest key, and the old ones gone', async () => {
    const { world } = here;
    const callers = await Promise.all(
      people.map(async (uid) => ({
        uid,
        connectionId: (await world.connect(uid)).id,
        times: 2,
      })),
    );
    const workers = await startWorkers(world, 2, { clock: 'own' });
    let isOver = false;
    const failed: string[] = [];
    let calls = 0;
    /** Held while the clocks are set: a jump would end the deadlines of calls under way. */
    let gate = Promise.resolve();
    const rounds = new Set<Promise<void>>();
    const callOnce = async (worker: Worker): Promise<void> => {
      const outcomes = await worker.call(callers);
      calls += outcomes.length;
      failed.push(...outcomes.filter((outcome) => outcome !== '200'));
    };
    const keepCalling = async (worker: Worker): Promise<void> => {
      while (!isOver) {
        await gate;
        const round = callOnce(worker);
        rounds.add(round);
        await round.finally(() => rounds.delete(round));
      }
    };
    /** For this process and the workers: their tokens expire by it, and their pointers. */
    const passTime = async (ms: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      await Promise.all(rounds);
      world.clock.advance(ms);
      for (const worker of workers.all) worker.takeWorldTime();
      resolve();
    };
    const more = async (count: number) => {
      const enough = calls + count * callers.length * 2;
      while (calls < enough && failed.length === 0)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };

    const calling = workers.all.map(keepCalling);
    try {
      for (let rotation = 1; rotation <= rotations; rotation += 1) {
        await more(4);
        await here.keys.note({ requestedAt: world.clock.now() });
        await here.newSuite().rotateKeys();
        // Old tokens are refreshed by processes that know of the new key, and by some that do not.
        await passTime(301_000);
        await here.drain();
        await more(4);
        await passTime(pointerTtlMs);
        await more(4);
        await here.newSuite().rotateKeys();
        await here.drain();
      }
    } finally {
      isOver = true;
      await Promise.all(calling);
    }
    assert.deepEqual(failed, []);
    const generations = await Promise.all(
      callers.map(async ({ connectionId }) => (await world.vault(connectionId)).generation),
    );
    assert.ok(Math.min(...generations) > rotations, `Too few refreshes: ${generations}`);

    // What was left is done by the next runs.
    await here.newSuite().rotateKeys();
    await here.drain();
    const newest = String(rotations + 1);
    assert.deepEqual(await here.naming(), { [newest]: people.length });

    const states = async (days: number) => {
      await passTime(days * dayMs);
      await here.newSuite().rotateKeys();
      return here.states();
    };
    await here.newSuite().rotateKeys();
    const old = (state: string) => ({ 1: state, 2: state, 3: state, [newest]: 'enabled' });
    assert.deepEqual(await states(9), old('disabled'));
    assert.deepEqual(await states(30), old('destroyed'));
    const last = await workers.callAtOnce('ada', callers[0]?.connectionId ?? '', 5);
    assert.deepEqual(new Set(last), new Set(['200']));
    await workers.stop();
  });
});
