import { type Cohort, commonHabits, meanIntervalMs, stillUsed } from '../cohort.ts';
import { type Month, monthOf } from '../cost.ts';
import type { Observation } from '../observation.ts';
import type { Simulate } from '../simulation.ts';
import { idleDays } from './policies.ts';

const hourMs = 3_600_000;
const common = { habits: commonHabits, start: 'steady' } as const;
const idle = { refreshTokenIdleSeconds: idleDays * 24 * 3_600 };

/** Four providers as there are: a short token where much is at stake, long ones elsewhere. */
const mix: readonly (Omit<Cohort, 'size'> & { readonly millions: number })[] = [
  { ...common, provider: 'hourly', millions: 1, lifetimeMs: hourMs, rotate: { policy: 'used' } },
  {
    ...common,
    provider: 'eight-hourly',
    millions: 4,
    lifetimeMs: 8 * hourMs,
    rotate: { policy: 'used' },
  },
  {
    ...common,
    provider: 'daily',
    millions: 3,
    lifetimeMs: 24 * hourMs,
    rotate: { policy: 'always' },
  },
  {
    ...common,
    provider: 'kept-alive',
    millions: 2,
    lifetimeMs: hourMs,
    rotate: { policy: 'keep-alive' },
    life: idle,
  },
];

export interface TenMillion {
  readonly cohorts: readonly Cohort[];
  readonly seen: readonly Observation[];
  readonly connections: number;
  readonly days: number;
  readonly month: Month;
}

/** Ten million connections of four providers, for a day. */
export async function tenMillion(simulate: Simulate, scale: number): Promise<TenMillion> {
  const cohorts: Cohort[] = [];
  for (const { millions, ...rest } of mix) {
    const size = Math.round(millions * 1_000_000 * scale);
    const basis: Cohort = { ...rest, size };
    const intervalMs = (await meanIntervalMs(basis)) ?? Number.POSITIVE_INFINITY;
    const share = rest.rotate?.policy === 'used' ? stillUsed : 1;
    const perSecond = Math.max(0.1, Math.round((size * share * 12_000) / intervalMs) / 10);
    cohorts.push({ ...basis, rotate: { ...rest.rotate, perSecond } });
  }
  const days = 1;
  const seen = await simulate({ cohorts, minutes: days * 1_440 });
  const connections = cohorts.reduce((sum, { size }) => sum + size, 0);
  return { cohorts, seen, connections, days, month: monthOf(seen, days, 1, connections) };
}
