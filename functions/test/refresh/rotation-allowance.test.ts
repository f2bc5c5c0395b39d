import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createAllowances, quotaOf } from '../../src/refresh/allowance.ts';
import { shards } from '../../src/store/documents.ts';
import { manualClock } from '../clock.ts';
import { settingsWithRates } from '../harness/rates.ts';

const allShards = Array.from({ length: shards }, (_, shard) => shard);
/** 2026, in runs since the epoch. */
const run = 29_500_000;

describe('what one run of the rotation may hand over', () => {
  it('is what the provider takes in a minute, in equal parts by shard', () => {
    for (const perSecond of [1, 10, 1_000]) {
      const parts = allShards.map((shard) => quotaOf(perSecond, run, shard));
      const expected = (perSecond * 60) / shards;
      assert.deepEqual(
        parts,
        allShards.map(() => expected),
      );
    }
  });

  it('adds up, over any runs, to the rate: no shard and no slow provider is left out', () => {
    const rates = fc.double({ min: 0.01, max: 50, noNaN: true });
    const runs = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(rates, runs, fc.nat(40_000_000), (perSecond, count, first) => {
        const sums = allShards.map((shard) => {
          const quotas = Array.from({ length: count }, (_, n) =>
            quotaOf(perSecond, first + n, shard),
          );
          assert.ok(quotas.every((quota) => quota >= 0 && Number.isInteger(quota)));
          return quotas.reduce((sum, quota) => sum + quota, 0);
        });
        const total = sums.reduce((sum, quota) => sum + quota, 0);
        assert.ok(Math.abs(total - perSecond * 60 * count) <= 1.01, `${total}`);
        assert.ok(Math.max(...sums) - Math.min(...sums) <= 1, sums.join());
      }),
    );
  });

  describe('by the state of the provider', () => {
    const clock = manualClock();
    const settings = settingsWithRates({ up: { perSecond: 10 } });
    const totalOf = async (provider: string, until: number | undefined) => {
      const allowanceOf = createAllowances({ settings, clock, pausedUntil: async () => until });
      let taken = 0;
      // In turn, as shards do that read at the same time.
      for (let more = true; more; ) {
        more = false;
        for (const shard of allShards) {
          const allowance = await allowanceOf(provider, shard);
          if (allowance.left <= 0) continue;
          allowance.left -= 1;
          taken += 1;
          more = true;
        }
      }
      return taken;
    };

    for (const [state, provider, until, expected] of [
      ['nothing is wrong', 'up', undefined, 600],
      ['it is paused: nothing', 'up', clock.now() + 1, 0],
      ['its pause is over: one in all', 'up', clock.now(), 1],
      ['the settings no longer have it: nothing', 'gone', undefined, 0],
    ] as const) {
      it(state, async () => assert.equal(await totalOf(provider, until), expected));
    }

    it('is asked for once a provider and run', async () => {
      let asked = 0;
      const pausedUntil = async () => {
        asked += 1;
        return undefined;
      };
      const allowanceOf = createAllowances({ settings, clock, pausedUntil });
      await Promise.all(allShards.map((shard) => allowanceOf('up', shard)));
      assert.equal(asked, 1);
    });
  });
});
