import assert from 'node:assert/strict';
import { startWorkers } from '../harness/workers.ts';
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
    const keepCalling = async (index: number): Promise<void> => {
      const worker = workers.all[index];
      while (!isOver) {
        const outcomes = (await worker?.call(callers)) ?? [];
        calls += outcomes.length;
        failed.push(...outcomes.filter((outcome) => outcome !== '200'));
      }
    };
    /** For this process and the workers: their tokens expire by it, and their pointers. */
    const passTime = (ms: number) => {
      world.clock.advance(ms);
      for (const worker of workers.all) worker.takeWorldTime();
    };
    const more = async (rounds: number) => {
      const enough = calls + rounds * callers.length * 2;
      while (calls < enough && failed.length === 0)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };

    const calling = [0, 1].map(keepCalling);
    try {
      for (let rotation = 1; rotation <= rotations; rotation += 1) {
        await more(4);
        await here.keys.note({ requestedAt: world.clock.now() });
        await here.newSuite().rotateKeys();
        // Old tokens are refreshed by processes that know of the new key, and by some that do not.
        passTime(301_000);
        await here.drain();
        await more(4);
        passTime(pointerTtlMs);
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
      passTime(days * dayMs);
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
