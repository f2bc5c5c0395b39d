import { type Cohort, meanIntervalMs } from '../cohort.ts';
import type { Observation } from '../observation.ts';
import type { Simulate } from '../simulation.ts';

const hourMs = 3_600_000;
const lifetimeMs = 8 * hourMs;
const minutes = 1_440;

export interface ExpiryPoint {
  readonly connections: number;
  readonly perSecond: number;
  /** `perSecond`, by what the connections ask for on average. */
  readonly ratio: number;
  /** Of the refreshes of a day. */
  readonly onTime: number;
  readonly worstLatenessMs: number;
  readonly seen: Observation;
}

/** Tokens of eight hours at a provider with that many connections and that limit, for a day. */
export async function expiry(
  simulate: Simulate,
  connections: number,
  ratio: number,
): Promise<ExpiryPoint> {
  const basis: Cohort = {
    provider: 'provider',
    size: connections,
    lifetimeMs,
    habits: [],
    start: 'steady',
  };
  const intervalMs = (await meanIntervalMs(basis)) ?? lifetimeMs;
  const perSecond = (connections * 1_000 * ratio) / intervalMs;
  const [seen] = await simulate({ cohorts: [{ ...basis, rotate: { perSecond } }], minutes });
  if (seen === undefined) throw new Error('Nothing was seen.');
  const { rotated, late, worstLatenessMs } = seen;
  return { connections, perSecond, ratio, onTime: 1 - late / rotated, worstLatenessMs, seen };
}

/** Requests per second that a policy `always` asks for, by lifetime. */
export async function neededPerSecond(connections: number, lifetimeHours: number): Promise<number> {
  const cohort: Cohort = {
    provider: 'provider',
    size: connections,
    lifetimeMs: lifetimeHours * hourMs,
    habits: [],
    start: 'steady',
  };
  const intervalMs = (await meanIntervalMs(cohort)) ?? Number.POSITIVE_INFINITY;
  return (connections * 1_000) / intervalMs;
}
