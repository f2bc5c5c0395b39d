import type { Provider } from '../../functions/src/providers/settings-schema.ts';
import { type Cohort, commonHabits, meanIntervalMs, stillUsed } from '../cohort.ts';
import { type Month, monthOf } from '../cost.ts';
import type { Observation } from '../observation.ts';
import type { Simulate } from '../simulation.ts';

const hourMs = 3_600_000;
const million = 1_000_000;
/** Nobody has a reason for less. */
const defaultPerSecond = 10;
export const idleDays = 60;
const idleSeconds = idleDays * 24 * 3_600;

export interface PolicyRow {
  readonly policy: Provider['rotate']['policy'];
  readonly lifetimeHours: number;
  readonly simulatedDays: number;
  readonly simulatedConnections: number;
  readonly perSecond: number;
  readonly seen: Observation;
  /** Of one million connections. */
  readonly month: Month;
}

type Case = Pick<PolicyRow, 'policy' | 'lifetimeHours' | 'simulatedDays' | 'simulatedConnections'>;

/** The shorter the tokens live, the shorter the time that tells all. */
const cases: readonly Case[] = [
  { policy: 'always', lifetimeHours: 1, simulatedDays: 0.25, simulatedConnections: million },
  { policy: 'always', lifetimeHours: 8, simulatedDays: 3, simulatedConnections: million },
  { policy: 'used', lifetimeHours: 1, simulatedDays: 0.25, simulatedConnections: million },
  { policy: 'used', lifetimeHours: 8, simulatedDays: 3, simulatedConnections: million },
  { policy: 'keep-alive', lifetimeHours: 1, simulatedDays: 30, simulatedConnections: million / 4 },
  { policy: 'keep-alive', lifetimeHours: 8, simulatedDays: 30, simulatedConnections: million / 4 },
];

/** A population at rest, by policy and lifetime of access tokens; what a million of it does. */
export function policies(simulate: Simulate, scale: number): Promise<PolicyRow[]> {
  const rowOf = async (one: Case): Promise<PolicyRow> => {
    const { policy, lifetimeHours, simulatedDays } = one;
    const size = Math.round(one.simulatedConnections * scale);
    const basis: Cohort = {
      provider: 'provider',
      size,
      lifetimeMs: lifetimeHours * hourMs,
      rotate: { policy },
      life: policy === 'keep-alive' ? { refreshTokenIdleSeconds: idleSeconds } : {},
      habits: commonHabits,
      start: 'steady',
    };
    const intervalMs = await meanIntervalMs(basis);
    const rotatedShare = policy === 'used' ? stillUsed : 1;
    const needed = intervalMs === null ? 1 : (size * rotatedShare * 1_000) / intervalMs;
    const perSecond = Math.max(defaultPerSecond, Math.round(needed * 12) / 10);
    const cohort = { ...basis, rotate: { policy, perSecond } };
    const [seen] = await simulate({ cohorts: [cohort], minutes: simulatedDays * 1_440 });
    if (seen === undefined) throw new Error('Nothing was seen.');
    const month = monthOf([seen], simulatedDays, million / size, million);
    return { ...one, simulatedConnections: size, perSecond, seen, month };
  };
  return Promise.all(cases.map(rowOf));
}
