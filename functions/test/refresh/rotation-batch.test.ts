import assert from 'node:assert/strict';
import { StrongroomError, unavailable } from '../../src/errors.ts';
import { type Batch, batchSize, planBatches } from '../../src/refresh/batches.ts';
import type { FreshTokenSet } from '../../src/refresh/engine.ts';
import { createRefreshBatch } from '../../src/refresh/refresh-batch.ts';
import { settingsWithRates } from '../harness/rates.ts';
import { createVirtualClock, type VirtualClock } from '../harness/virtual-clock.ts';

/** In milliseconds after the clock's start, in their order. */
type Starts = { readonly at: number; readonly id: string }[];

interface Situation {
  readonly rotate?: { readonly perSecond: number; readonly concurrency?: number };
  /** How long a refresh takes, in milliseconds, and what it throws. */
  readonly takesMs?: number;
  readonly fails?: (id: string) => Error | undefined;
  readonly pausedUntil?: () => number | undefined;
}

describe('a batch of the rotation', () => {
  let clock: VirtualClock;
  let startedAt: number;
  let starts: Starts;
  let postponed: Map<string, number>;
  let atOnce: { now: number; most: number };
  beforeEach(() => {
    clock = createVirtualClock();
    startedAt = clock.now();
    starts = [];
    postponed = new Map();
    atOnce = { now: 0, most: 0 };
  });

  const prepare = ({
    rotate = { perSecond: 10 },
    takesMs = 50,
    fails = () => undefined,
    pausedUntil = () => undefined,
  }: Situation) => {
    const fresh: FreshTokenSet = async ({ connectionId }) => {
      starts.push({ at: clock.now() - startedAt, id: connectionId });
      atOnce.now += 1;
      atOnce.most = Math.max(atOnce.most, atOnce.now);
      await clock.sleep(takesMs);
      atOnce.now -= 1;
      throw fails(connectionId) ?? new StrongroomError('needs_reauth', 'Its own affair.');
    };
    return createRefreshBatch({
      store: {
        postpone: async (id, _generation, refreshAt) =>
          void postponed.set(id, refreshAt - clock.now()),
      },
      fresh,
      settings: settingsWithRates({ acme: rotate }),
      pausedUntil: async () => pausedUntil(),
      clock,
    });
  };
  const connections = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: `c${n}`, generation: 1 }));
  const batchOf = (count: number, change: Partial<Batch> = {}): Batch => ({
    provider: 'acme',
    connections: connections(count),
    startAt: startedAt,
    ...change,
  });
  const gaps = () => starts.slice(1).map(({ at }, index) => at - (starts[index]?.at ?? 0));
  const lastStart = () => starts.at(-1)?.at ?? 0;

  it('begins its connections in their order, no more of them in a second than the provider takes', async () => {
    await clock.run(prepare({})(batchOf(100)));
    assert.deepEqual(
      starts.map(({ id }) => id),
      connections(100).map(({ id }) => id),
    );
    assert.ok(Math.min(...gaps()) >= 99, `${Math.min(...gaps())} ms`);
    assert.ok(lastStart() <= 10_000, `${lastStart()} ms`);
  });

  it('has no more under way at once than the settings say', async () => {
    const rotate = { perSecond: 100, concurrency: 3 };
    await clock.run(prepare({ rotate, takesMs: 500 })(batchOf(50)));
    assert.deepEqual([starts.length, atOnce.most], [50, 3]);
  });

  it('waits for its turn where the task queue does not', async () => {
    await clock.run(prepare({})(batchOf(20, { startAt: startedAt + 40_000 })));
    assert.deepEqual([starts.length, starts[0]?.at], [20, 0]);
    assert.ok((starts[1]?.at ?? 0) >= 40_000, `${starts[1]?.at} ms`);
  });

  it('is no faster where it comes somewhat late', async () => {
    await clock.run(prepare({})(batchOf(100, { startAt: startedAt - 20_000 })));
    assert.equal(starts.length, 100);
    assert.ok(Math.min(...gaps().slice(1)) >= 99, `${Math.min(...gaps())} ms`);
  });

  it('tries one connection where it comes long after its time, and leaves the others to the next run', async () => {
    await clock.run(prepare({})(batchOf(100, { startAt: startedAt - 2 * 3_600_000 })));
    assert.deepEqual(
      starts.map(({ id }) => id),
      ['c0'],
    );
  });

  it('ends within two minutes, however slow the provider is', async () => {
    const takesMs = 25_000;
    await clock.run(prepare({ takesMs })(batchOf(100)));
    assert.ok(starts.length > 10 && starts.length < 100, `${starts.length}`);
    assert.ok(clock.now() - startedAt <= 120_000, `${clock.now() - startedAt} ms`);
  });

  it('ends within two minutes where the rate was lowered after it was made', async () => {
    await clock.run(prepare({ rotate: { perSecond: 0.01 } })(batchOf(100)));
    assert.deepEqual([starts.length, clock.now() - startedAt], [1, 50]);
  });

  it('stops where its provider is paused', async () => {
    let pausedUntil: number | undefined;
    const fails = (id: string) => {
      if (id === 'c5') pausedUntil = clock.now() + 30_000;
      return unavailable('provider');
    };
    await clock.run(prepare({ fails, pausedUntil: () => pausedUntil })(batchOf(100)));
    assert.equal(starts.length, 6);
  });

  it('looks before it tries whether a provider is back that was paused', async () => {
    let pausedUntil = clock.now() + 1;
    const refreshBatch = prepare({ pausedUntil: () => pausedUntil });
    const probe = batchOf(1, { isProbe: true });
    await clock.run(refreshBatch(probe));
    assert.equal(starts.length, 0);
    pausedUntil = clock.now();
    await clock.run(refreshBatch(probe));
    assert.equal(starts.length, 1);
  });

  it('asks whether the provider is paused only after a failure that may be the provider’s', async () => {
    let asked = 0;
    const pausedUntil = () => {
      asked += 1;
      return undefined;
    };
    await clock.run(prepare({ pausedUntil })(batchOf(10)));
    assert.deepEqual([starts.length, asked], [10, 0]);
  });

  it('goes on where one connection meets a defect, and puts that one off', async () => {
    const fails = (id: string) => (id === 'c3' ? new TypeError('A defect.') : undefined);
    await clock.run(prepare({ fails })(batchOf(10)));
    assert.equal(starts.length, 10);
    assert.deepEqual([...postponed], [['c3', 3_600_000]]);
  });

  it('puts those off that are at a tenant which the settings do not name, or which nobody said', async () => {
    const fails = () => new StrongroomError('invalid_argument', 'The variable shop is missing.');
    await clock.run(prepare({ fails })(batchOf(3)));
    assert.deepEqual(
      [...postponed],
      ['c0', 'c1', 'c2'].map((id) => [id, 3_600_000]),
    );
  });

  it('asks nobody for a provider that the settings no longer have', async () => {
    await clock.run(prepare({})(batchOf(10, { provider: 'gone' })));
    assert.deepEqual(starts, []);
  });

  it('does nothing where it is empty', async () => {
    await clock.run(prepare({})(batchOf(0)));
    assert.deepEqual(starts, []);
  });

  describe('among all those of a run', () => {
    const due = (provider: string, count: number, perSecond: number) =>
      Array.from({ length: count }, (_, n) => ({
        id: `${provider}${n}`,
        generation: 1,
        provider,
        // The other way round than they come.
        refreshAt: startedAt - n,
        perSecond,
        isProbe: false,
      }));

    it('is of one provider, and never larger than a task takes', () => {
      const batches = planBatches([...due('acme', 250, 10), ...due('other', 1, 1)], startedAt);
      const sizes = batches.map(({ provider, connections: { length } }) => [provider, length]);
      assert.deepEqual(
        sizes.toSorted(),
        [
          ['acme', batchSize],
          ['acme', batchSize],
          ['acme', 50],
          ['other', 1],
        ].toSorted(),
      );
    });

    it('holds what is due soonest first', () => {
      const all = due('acme', 250, 10);
      const planned = planBatches(all, startedAt).flatMap((batch) => batch.connections);
      assert.deepEqual(
        planned.map(({ id }) => id),
        all.map(({ id }) => id).toReversed(),
      );
    });

    it('comes before another provider’s second', () => {
      const batches = planBatches([...due('acme', 600, 10), ...due('late', 1, 1)], startedAt);
      assert.deepEqual(
        batches
          .slice(0, 2)
          .map(({ provider }) => provider)
          .toSorted(),
        ['acme', 'late'],
      );
    });

    it('takes its turns after the one before it: together they keep to the rate', async () => {
      const perSecond = 10;
      const refreshBatch = prepare({ rotate: { perSecond } });
      const deliver = async (batch: Batch) => {
        await clock.sleep(batch.startAt - startedAt);
        await refreshBatch(batch);
      };
      const batches = planBatches(due('acme', 600, perSecond), startedAt);
      await clock.run(Promise.all(batches.map(deliver)));
      assert.equal(starts.length, 600);
      for (const { at } of starts) {
        const inSecond = starts.filter((start) => start.at >= at && start.at < at + 1_000);
        // The first of a batch comes at its time, the last of the one before within its turn.
        assert.ok(inSecond.length <= perSecond + 1, `${inSecond.length} from ${at} ms`);
      }
      assert.ok(lastStart() <= 60_000, `${lastStart()} ms`);
    });
  });
});
