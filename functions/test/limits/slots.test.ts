import assert from 'node:assert/strict';
import { createSlots, type Slot, type Slots } from '../../src/limits/slots.ts';
import type { HeldSlots } from '../../src/store/limit-store.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { createMemoryCells, type MemoryCells } from './cells.ts';

const callMs = 10_000;

describe('places for calls at the same time', () => {
  let clock: ManualClock;
  let cells: MemoryCells<HeldSlots>;
  let instances = 0;
  const instance = (its: ManualClock = clock) => {
    instances += 1;
    return createSlots({ cells, clock: its, random: () => 0.5, newId: () => `${instances}` });
  };
  beforeEach(() => {
    clock = manualClock();
    cells = createMemoryCells();
  });

  const take = (slots: Slots, limit: number, isShared = true) =>
    slots.take({ id: 'ada', limit, isShared, deadlineAt: clock.ticks() + callMs });
  const takeAtOnce = async (slots: Slots, times: number, limit: number): Promise<Slot[]> => {
    const all = await Promise.all(Array.from({ length: times }, () => take(slots, limit)));
    return all.filter((slot) => slot !== undefined);
  };
  const release = (all: readonly (Slot | undefined)[]) =>
    Promise.all(all.map((slot) => slot?.release()));
  const holders = () => Object.keys(cells.documents.get('ada')?.document.holders ?? {});

  it('are as many as the limit in one instance, and free again when calls end', async () => {
    const slots = instance();
    const all = await takeAtOnce(slots, 20, 5);
    assert.equal(all.length, 5);
    assert.equal(await take(slots, 5), undefined);
    await all[0]?.release();
    await all[0]?.release();
    assert.equal((await takeAtOnce(slots, 20, 5)).length, 1);
  });

  it('cost nothing for one call after the other', async () => {
    const slots = instance();
    for (let n = 0; n < 50; n += 1) await release([await take(slots, 5)]);
    assert.deepEqual(cells.cost, { reads: 0, writes: 0 });
  });

  it('cost one read and two writes for calls at once, however many', async () => {
    await release(await takeAtOnce(instance(), 50, 100));
    assert.deepEqual(cells.cost, { reads: 1, writes: 2 });
    assert.deepEqual(holders(), []);
  });

  it('are shared: together as many as the limit, and one more for each further instance', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => takeAtOnce(instance(), 20, 8)));
    const count = all.flat().length;
    assert.ok(count >= 8 && count <= 8 + 3, `${count} at once`);
    await Promise.all(all.map(release));
    assert.equal((await takeAtOnce(instance(), 20, 8)).length, 8);
  });

  it('of an instance that crashed come back once its calls would be over', async () => {
    await takeAtOnce(instance(), 5, 5);
    const slots = instance();
    assert.equal((await takeAtOnce(slots, 5, 5)).length, 1);
    clock.advance(callMs + 60_001);
    assert.equal((await takeAtOnce(slots, 5, 5)).length, 4);
  });

  it('cover calls that begin later for as long as these may last', async () => {
    const slots = instance();
    const [first, second] = await takeAtOnce(slots, 2, 5);
    clock.advance(callMs + 55_000);
    await second?.release();
    assert.ok((await takeAtOnce(slots, 1, 5)).length === 1 && first !== undefined);
    const until = Object.values(cells.documents.get('ada')?.document.holders ?? {})[0]?.until;
    assert.ok(Number(until) >= clock.now() + callMs);
  });

  it('are those of this instance alone where they are not shared', async () => {
    const slots = instance();
    const all = await Promise.all(Array.from({ length: 9 }, () => take(slots, 5, false)));
    assert.equal(all.filter((slot) => slot !== undefined).length, 5);
    assert.deepEqual(cells.cost, { reads: 0, writes: 0 });
  });

  it('are kept to by each instance alone while Firestore cannot tell', async () => {
    cells.trouble = 'unavailable';
    const slots = instance();
    const all = await takeAtOnce(slots, 20, 5);
    assert.equal(all.length, 5);
    await release(all);
    assert.equal((await takeAtOnce(slots, 20, 5)).length, 5);
  });

  it('are taken back by themselves where Firestore does not take them', async () => {
    const all = await takeAtOnce(instance(), 5, 5);
    cells.trouble = 'unavailable';
    await release(all);
    cells.trouble = undefined;
    clock.advance(callMs + 60_001);
    assert.equal((await takeAtOnce(instance(), 5, 5)).length, 5);
  });

  it('are waited for in turn; who gives up takes nobody the place', async () => {
    const slots = instance();
    const all = await takeAtOnce(slots, 1, 1);
    const woken: string[] = [];
    const waiting = (name: string, wait: () => Promise<void>) =>
      slots
        .take({ id: 'ada', limit: 1, isShared: true, deadlineAt: clock.ticks() + callMs, wait })
        .then(async (slot) => {
          woken.push(name);
          await slot?.release();
        });
    const leaving = Promise.withResolvers<void>();
    const gone = waiting('gone', () => leaving.promise);
    const never = () => new Promise<void>(() => {});
    const others = [waiting('first', never), waiting('second', never)];
    leaving.reject(new Error('aborted'));
    await assert.rejects(gone, /aborted/);
    await release(all);
    await Promise.all(others);
    assert.deepEqual(woken, ['first', 'second']);
  });

  it('leave nothing held in Firestore once all calls are over', async () => {
    const slots = instance();
    for (let burst = 0; burst < 5; burst += 1) await release(await takeAtOnce(slots, 7, 5));
    assert.deepEqual(holders(), []);
  });
});
