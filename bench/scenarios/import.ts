import { type Cohort, meanIntervalMs } from '../cohort.ts';
import type { Observation } from '../observation.ts';
import type { Simulate } from '../simulation.ts';

const lifetimeMs = 3_600_000;

export interface ImportResult {
  readonly connections: number;
  readonly meanPerMinute: number;
  /** As if the provider took any number: what the jitter alone does. */
  readonly byJitter: Observation;
  /** At 1.2 times the mean. */
  readonly limited: Observation;
  readonly perSecond: number;
  /** Peak by mean in the k-th round of refreshes, from the first. */
  readonly peaks: readonly {
    readonly round: number;
    readonly byJitter: number;
    readonly limited: number;
  }[];
}

/** A million connections that are imported within a minute, tokens of one hour. */
export async function massImport(simulate: Simulate, scale: number): Promise<ImportResult> {
  const connections = Math.round(1_000_000 * scale);
  const basis: Cohort = {
    provider: 'provider',
    size: connections,
    lifetimeMs,
    habits: [],
    start: { importedWithinMs: 60_000 },
  };
  const intervalMs = (await meanIntervalMs(basis)) ?? lifetimeMs;
  const perSecond = Math.ceil((connections * 1_200) / intervalMs);
  const minutes = 12 * 60;
  const [[byJitter], [limited]] = await Promise.all([
    simulate({ cohorts: [{ ...basis, isRateLimited: false }], minutes }),
    simulate({ cohorts: [{ ...basis, rotate: { perSecond } }], minutes: minutes / 2 }),
  ]);
  if (byJitter === undefined || limited === undefined) throw new Error('Nothing was seen.');
  const meanPerMinute = (connections * 60_000) / intervalMs;
  const roundMinutes = intervalMs / 60_000;
  /** NaN after what was simulated. */
  const peakIn = ({ perMinute }: Observation, round: number) =>
    round * roundMinutes > perMinute.length - roundMinutes / 2
      ? Number.NaN
      : perMinute
          .slice(Math.round((round - 0.5) * roundMinutes), Math.round((round + 0.5) * roundMinutes))
          .reduce((one, other) => Math.max(one, other), 0) / meanPerMinute;
  const rounds = Math.floor(minutes / roundMinutes - 0.5);
  const peaks = Array.from({ length: rounds }, (_, n) => ({
    round: n + 1,
    byJitter: peakIn(byJitter, n + 1),
    limited: peakIn(limited, n + 1),
  }));
  return { connections, meanPerMinute, byJitter, limited, perSecond, peaks };
}
