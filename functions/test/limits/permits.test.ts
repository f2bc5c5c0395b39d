import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Asking, createPermits, type Permits } from '../../src/limits/permits.ts';
import { type Counted, sliceMs, windowMs } from '../../src/limits/window.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { createMemoryCells, type MemoryCells } from './cells.ts';

const asking = (ceiling: number, unasked = 0): Asking => ({ id: 'all', ceiling, unasked });
/** The beginning of a slice. */
const startAt = 1_000_000 * sliceMs;

describe('the permits of an instance', () => {
  let clock: ManualClock;
  let cells: MemoryCells<Counted>;
  const instance = (its: ManualClock = clock) =>
    createPermits({ cells, clock: its, random: () => 0.5 });
  beforeEach(() => {
    clock = manualClock(startAt);
    cells = createMemoryCells();
  });

  const takeAtOnce = async (permits: Permits, times: number, of: Asking): Promise<number> => {
    const all = await Promise.all(Array.from({ length: times }, () => permits.take(of)));
    return all.filter(({ isGiven }) => isGiven).length;
  };

  it('are as many in any minute as the quota says, whatever bursts, crashes and lost answers', async () => {
    const quota = 20;
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ take: fc.nat(3), times: fc.integer({ min: 1, max: 30 }) }),
      },
      { weight: 4, arbitrary: fc.record({ pauseMs: fc.integer({ min: 1, max: windowMs }) }) },
      { weight: 1, arbitrary: fc.record({ crash: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ giveBack: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ isDoubted: fc.constant(true) }) },
    );
    const schedule = fc.array(step, { minLength: 1, maxLength: 60 });
    let most = 0;
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        clock = manualClock(startAt);
        cells = createMemoryCells();
        const instances = Array.from({ length: 4 }, () => instance());
        const used: number[] = [];
        for (const one of steps) {
          if ('pauseMs' in one) clock.advance(one.pauseMs);
          else if ('isDoubted' in one) cells.trouble = 'doubted';
          else if ('crash' in one) instances[one.crash] = instance();
          else if ('giveBack' in one) {
            const permits = instances[one.giveBack] ?? assert.fail();
            const permit = await permits.take(asking(quota));
            if (permit.isGiven) permits.giveBack(asking(quota), permit);
          } else {
            const permits = instances[one.take] ?? assert.fail();
            const given = await takeAtOnce(permits, one.times, asking(quota));
            for (let n = 0; n < given; n += 1) used.push(clock.now());
          }
          const inMinute = used.filter((at) => at > clock.now() - windowMs).length;
          most = Math.max(most, inMinute);
          assert.ok(inMinute <= quota, `${inMinute} within a minute`);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    // All of it can be had, too.
    assert.equal(most, quota);
  });

  it('can all be had by one instance at once, and again once five slices have passed', async () => {
    const permits = instance();
    assert.equal(await takeAtOnce(permits, 100, asking(60)), 60);
    clock.advance(windowMs);
    assert.equal(await takeAtOnce(permits, 100, asking(60)), 0);
    clock.advance(sliceMs);
    assert.equal(await takeAtOnce(permits, 100, asking(60)), 60);
  });

  it('say how many are left, and when there will be more', async () => {
    const permits = instance();
    const first = await permits.take(asking(10));
    assert.deepEqual([first.left, first.renewedAfterMs], [9, windowMs + sliceMs]);
    clock.advance(20_000);
    await takeAtOnce(permits, 9, asking(10));
    const refused = await permits.take(asking(10));
    assert.deepEqual([refused.isGiven, refused.left], [false, 0]);
    assert.equal(refused.renewedAfterMs, windowMs + sliceMs - 20_000);
    clock.advance(refused.renewedAfterMs);
    assert.ok((await permits.take(asking(10))).isGiven);
  });

  it('cost one write for a block, and blocks grow with what is used', async () => {
    const permits = instance();
    for (let n = 0; n < 100; n += 1) assert.ok((await permits.take(asking(1_000))).isGiven);
    assert.equal(cells.cost.reads, 1);
    assert.ok(cells.cost.writes <= 7, `${cells.cost.writes} writes`);
    clock.advance(sliceMs);
    const before = cells.cost.writes;
    for (let n = 0; n < 100; n += 1) await permits.take(asking(1_000));
    assert.equal(cells.cost.writes - before, 1);
    assert.equal(cells.cost.reads, 1);
  });

  it('cost nothing below the share that is given without asking, minute after minute', async () => {
    const permits = instance();
    for (let minute = 0; minute < 10; minute += 1) {
      assert.equal(await takeAtOnce(permits, 6, asking(60, 6)), 6);
      clock.advance(windowMs + sliceMs);
    }
    assert.deepEqual(cells.cost, { reads: 0, writes: 0 });
  });

  it('are counted as well where they were given without asking, once an instance asks', async () => {
    const permits = instance();
    assert.equal(await takeAtOnce(permits, 100, asking(60, 6)), 60);
    assert.equal(await takeAtOnce(instance(), 100, asking(60, 6)), 6);
  });

  it('refuse without asking Firestore each time', async () => {
    const permits = instance();
    await takeAtOnce(permits, 10, asking(10));
    await permits.take(asking(10));
    const before = { ...cells.cost };
    assert.equal(await takeAtOnce(permits, 1_000, asking(10)), 0);
    assert.deepEqual(cells.cost, before);
  });

  it('that were given to an instance which did not use them come back with its next slice', async () => {
    const [one, other] = [instance(), instance()];
    await takeAtOnce(one, 8, asking(100));
    clock.advance(sliceMs);
    await takeAtOnce(one, 8, asking(100));
    clock.advance(sliceMs);
    await one.take(asking(100));
    const { counts } = cells.documents.get('all')?.document ?? assert.fail();
    assert.deepEqual(counts.slice(1, 3), [8, 8]);
    assert.ok((await takeAtOnce(other, 100, asking(100))) >= 100 - 16 - (counts[0] ?? 0));
  });

  it('are given back once, where the answer to that is lost', async () => {
    const [one, other] = [instance(), instance()];
    await takeAtOnce(one, 1, asking(100));
    for (let n = 0; n < 7; n += 1) await one.take(asking(100));
    // It has 7 that it does not use; the others are all in use.
    assert.equal(await takeAtOnce(other, 100, asking(100)), 85);
    clock.advance(sliceMs);
    cells.trouble = 'doubted';
    await one.take(asking(100));
    const given =
      (await takeAtOnce(one, 100, asking(100))) + (await takeAtOnce(other, 100, asking(100)));
    assert.ok(8 + 85 + 1 + given <= 100, `${given} more`);
  });

  it('that a crashed instance had come back after a minute', async () => {
    assert.equal(await takeAtOnce(instance(), 10, asking(10)), 10);
    clock.advance(windowMs + sliceMs);
    assert.equal(await takeAtOnce(instance(), 10, asking(10)), 10);
  });

  it('of which some are kept for others are not given beyond them', async () => {
    const permits = instance();
    assert.equal(await takeAtOnce(permits, 100, asking(75)), 75);
    assert.equal(await takeAtOnce(permits, 100, asking(100)), 25);
    assert.equal(await takeAtOnce(instance(), 100, asking(100)), 0);
  });

  it('are kept to by each instance alone while Firestore cannot tell, and told of later', async () => {
    const permits = instance();
    cells.trouble = 'unavailable';
    assert.equal(await takeAtOnce(permits, 100, asking(10)), 10);
    cells.trouble = undefined;
    clock.advance(sliceMs);
    assert.equal(await takeAtOnce(permits, 100, asking(10)), 0);
    clock.advance(sliceMs);
    assert.equal(await takeAtOnce(permits, 100, asking(12)), 2);
    const { counts } = cells.documents.get('all')?.document ?? assert.fail();
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      12,
    );
  });

  it('are never more than the quota where the answer to a write is lost', async () => {
    const permits = instance();
    cells.trouble = 'lost';
    const given = await takeAtOnce(permits, 8, asking(10));
    cells.trouble = undefined;
    clock.advance(sliceMs);
    assert.ok(given + (await takeAtOnce(permits, 100, asking(10))) <= 10);
  });

  it('end with their slice by ticks, though the time of day stands still or goes back', async () => {
    let now = startAt;
    const odd = { ...clock, now: () => now };
    const permits = instance(odd);
    await takeAtOnce(permits, 5, asking(100));
    const held = await permits.take(asking(100));
    now -= 3_600_000;
    clock.advance(sliceMs);
    const before = cells.cost.writes;
    assert.ok((await permits.take(asking(100))).isGiven);
    assert.ok(held.isGiven && cells.cost.writes > before);
    assert.equal(await takeAtOnce(permits, 200, asking(100)), 93);
  });

  it('come back in time although a clock was hours ahead', async () => {
    const ahead = manualClock(startAt + 5 * 3_600_000);
    assert.equal(await takeAtOnce(instance(ahead), 10, asking(10)), 10);
    assert.equal(await takeAtOnce(instance(), 10, asking(10)), 0);
    clock.advance(windowMs + sliceMs);
    assert.equal(await takeAtOnce(instance(), 10, asking(10)), 10);
  });
});
