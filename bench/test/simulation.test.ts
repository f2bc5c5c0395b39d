import assert from 'node:assert/strict';
import { rotationPeriodMs } from '../../functions/src/refresh/allowance.ts';
import { createRotation } from '../../functions/src/refresh/rotation.ts';
import type { ConnectionStore } from '../../functions/src/store/connection-store.ts';
import { shards } from '../../functions/src/store/documents.ts';
import type { DueConnection } from '../../functions/src/store/due-store.ts';
import { type Cohort, meanIntervalMs, settingsOf } from '../cohort.ts';
import { populate } from '../population.ts';
import { createRandom } from '../random.ts';
import { expiry } from '../scenarios/expiry.ts';
import { simulate, startedAt } from '../simulation.ts';

const hourMs = 3_600_000;
const quiet = { lifetimeMs: hourMs, habits: [], start: 'steady' } as const;
const once = <T>([first]: readonly T[]): T => {
  assert.ok(first !== undefined);
  return first;
};

describe('the simulation of the rotation', () => {
  it('has refreshed each minute what the real rotation hands over, of each provider', async () => {
    const cohorts: readonly Cohort[] = [
      // More than it may take, and less.
      { ...quiet, provider: 'slow', size: 4_000, rotate: { perSecond: 0.7 } },
      { ...quiet, provider: 'fast', size: 1_000, rotate: { perSecond: 10 } },
    ];
    const minutes = 20;
    const seen = await simulate({ cohorts, minutes, seed: 7 });
    const handedOver = await realRotation(cohorts, minutes, 7);
    for (const [number, { provider }] of cohorts.entries()) {
      assert.deepEqual([...(seen[number]?.perMinute ?? [])], handedOver[provider], provider);
    }
  });

  it('gives the same numbers for the same seed, and others for another', async () => {
    const cohorts: readonly Cohort[] = [
      { ...quiet, provider: 'p', size: 2_000, habits: [{ share: 1, usesPerDay: 3 }] },
    ];
    const run = async (seed: number) => (await simulate({ cohorts, minutes: 120, seed }))[0];
    assert.deepEqual(await run(1), await run(1));
    assert.notDeepEqual(await run(1), await run(2));
  });

  it('at rest it refreshes as often as the mean interval says', async () => {
    const cohort: Cohort = { ...quiet, provider: 'p', size: 20_000, rotate: { perSecond: 20 } };
    const { rotated, late } = once(await simulate({ cohorts: [cohort], minutes: 300 }));
    const intervalMs = await meanIntervalMs(cohort);
    assert.ok(intervalMs !== null);
    const expected = (cohort.size * 300 * rotationPeriodMs) / intervalMs;
    assert.ok(Math.abs(rotated / expected - 1) < 0.03, `${rotated} of ${expected}`);
    assert.equal(late, 0);
  });

  it('a limit below the need makes tokens expire, one above it does not', async () => {
    const [below, above] = [await expiry(simulate, 2_000, 0.8), await expiry(simulate, 2_000, 1.5)];
    assert.ok(below.onTime < 0.5 && below.worstLatenessMs > 0, String(below.onTime));
    assert.deepEqual([above.onTime, above.worstLatenessMs], [1, 0]);
  });

  it('nobody asks a provider that is down but a few, and all are refreshed once it is back', async () => {
    const outage = { fromMs: hourMs, untilMs: 2 * hourMs };
    const cohort: Cohort = { ...quiet, provider: 'p', size: 1_000, outage };
    const { failed, perMinute, backlog } = once(
      await simulate({ cohorts: [cohort], minutes: 240 }),
    );
    assert.ok(failed >= 5 && failed < 60, `${failed} requests in vain`);
    assert.equal(Math.max(...perMinute.slice(60, 120)), 0);
    assert.ok(Math.max(...backlog) > 900);
    assert.ok(Math.max(...perMinute) <= 600);
    assert.ok(Math.min(...backlog.slice(130)) < 5);
  });

  it('by `used`, who is gone costs nothing, and who comes again is refreshed again', async () => {
    const cohort = (usesPerDay: number): Cohort => ({
      ...quiet,
      provider: 'p',
      size: 500,
      rotate: { policy: 'used' },
      habits: [{ share: 1, usesPerDay }],
    });
    const gone = once(await simulate({ cohorts: [cohort(0)], minutes: 1_440 }));
    assert.deepEqual([gone.rotated, gone.byCallers, gone.uses], [0, 0, 0]);
    const rare = once(await simulate({ cohorts: [cohort(1 / 60)], minutes: 10_080 }));
    // Some were dormant: their first visit wakes them, and then they are refreshed every hour.
    assert.ok(rare.byCallers > 0 && rare.byCallers < rare.uses);
    assert.ok(rare.rotated > 24 * rare.byCallers);
  });

  it('by `keep-alive`, each is refreshed before its idle end, and hardly ever else', async () => {
    const cohort: Cohort = {
      ...quiet,
      provider: 'p',
      size: 3_000,
      rotate: { policy: 'keep-alive' },
      life: { refreshTokenIdleSeconds: 10 * 86_400 },
    };
    const { rotated, late } = once(await simulate({ cohorts: [cohort], minutes: 10 * 1_440 }));
    assert.equal(late, 0);
    assert.ok(rotated > 3_000 && rotated < 9_000, String(rotated));
  });
});

/** What the suite's rotation hands over in each minute, of connections that begin in the same way. */
async function realRotation(
  cohorts: readonly Cohort[],
  minutes: number,
  seed: number,
): Promise<Record<string, number[]>> {
  const settings = settingsOf(cohorts);
  const members = await Promise.all(
    cohorts.map(async (cohort) => ({ cohort, provider: await settings.provider(cohort.provider) })),
  );
  const { refreshAt, cohortOf } = populate(members, startedAt, createRandom(seed));
  const waiting = new Map(
    [...refreshAt].map((at, item): [string, DueConnection & { shard: number }] => {
      const provider = cohorts[cohortOf[item] ?? 0]?.provider ?? '';
      const shard = item % shards;
      return [String(item), { id: String(item), generation: 1, provider, refreshAt: at, shard }];
    }),
  );
  const store: Pick<ConnectionStore, 'listDue'> = {
    async *listDue(shard, dueUntil, nextPage) {
      let rest = [...waiting.values()]
        .filter((one) => one.shard === shard && one.refreshAt <= dueUntil)
        .sort((one, other) => one.refreshAt - other.refreshAt);
      for (;;) {
        const { limit, without } = nextPage();
        const wanted = rest.filter(({ provider }) => !without.includes(provider));
        yield wanted.slice(0, limit);
        if (wanted.length < limit) return;
        rest = wanted.slice(limit);
      }
    },
  };
  const handedOver = Object.fromEntries(
    cohorts.map(({ provider }) => [provider, new Array<number>(minutes).fill(0)]),
  );
  for (let minute = 0; minute < minutes; minute += 1) {
    const now = startedAt + minute * rotationPeriodMs;
    const clock = { now: () => now, ticks: () => now, sleep: async () => {} };
    const rotate = createRotation({
      store,
      settings,
      clock,
      pausedUntil: async () => undefined,
      async enqueue(_queue, data) {
        if (!('provider' in data && 'connections' in data)) return;
        const { provider, connections } = data;
        assert.ok(Array.isArray(connections));
        const counts = handedOver[String(provider)] ?? [];
        counts[minute] = (counts[minute] ?? 0) + connections.length;
        for (const { id } of connections) waiting.delete(String(id));
      },
    });
    await rotate();
  }
  return handedOver;
}
