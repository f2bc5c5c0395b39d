import { dayMs } from '../functions/src/platform/durations.ts';
import type { Provider } from '../functions/src/providers/settings-schema.ts';
import { refreshAtOf } from '../functions/src/refresh/due.ts';
import type { Cohort, Habit } from './cohort.ts';
import { exponential } from './random.ts';
import type { Member } from './run.ts';

/** All connections, a column per field: objects for ten million would not fit. */
export interface Population {
  readonly cohortOf: Uint8Array;
  readonly habitOf: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly expiresAt: Float64Array;
  /** The same; NaN: never. */
  readonly refreshAt: Float64Array;
  readonly usedAt: Float64Array;
  /** When the user comes next; Infinity: never. */
  readonly nextUseAt: Float64Array;
}

/** Last seen so many days ago: whoever does not come any more. */
const goneForDays = { least: 31, most: 365 };

/** A population with its connections spread as if it had been at work for long. */
export function populate(
  members: readonly Pick<Member, 'cohort' | 'provider'>[],
  startedAt: number,
  random: () => number,
): Population {
  const size = members.reduce((sum, { cohort }) => sum + cohort.size, 0);
  const population: Population = {
    cohortOf: new Uint8Array(size),
    habitOf: new Uint8Array(size),
    expiresAt: new Float64Array(size),
    refreshAt: new Float64Array(size),
    usedAt: new Float64Array(size),
    nextUseAt: new Float64Array(size),
  };
  let first = 0;
  for (const [number, { cohort, provider }] of members.entries()) {
    const born = births(cohort, provider, startedAt, random);
    for (let item = first; item < first + cohort.size; item += 1) {
      population.cohortOf[item] = number;
      born(population, item, (item - first) / cohort.size);
    }
    first += cohort.size;
  }
  return population;
}

function births(cohort: Cohort, provider: Provider, startedAt: number, random: () => number) {
  const { lifetimeMs, start } = cohort;
  const habits = cumulated(cohort.habits);
  const tokenSet = { obtainedAt: 0, expiresAt: lifetimeMs, refreshToken: 'token' };
  // The same for a connection's cycle and its place in it: otherwise it could be overdue at the start.
  let dice = 0;
  const refreshOf = (obtainedAt: number, usedAt: number): number => {
    tokenSet.obtainedAt = obtainedAt;
    tokenSet.expiresAt = obtainedAt + lifetimeMs;
    return refreshAtOf(tokenSet, provider, usedAt, () => dice) ?? Number.NaN;
  };

  return (population: Population, item: number, position: number): void => {
    dice = random();
    const habit = pick(habits, random());
    const { usesPerDay } = cohort.habits[habit] ?? { usesPerDay: 0 };
    const sinceUseMs = start === 'steady' ? sinceLastUse(usesPerDay, random) : 0;
    const usedAt = startedAt - sinceUseMs;
    let obtainedAt = startedAt;
    if (start === 'steady') {
      // Anywhere between two refreshes, by the schedule or by the user, whichever came last.
      const cycleMs = refreshOf(0, 0);
      const sinceRefreshMs = random() * (Number.isNaN(cycleMs) ? lifetimeMs : cycleMs);
      const isOwn = provider.rotate.policy === 'keep-alive' && usesPerDay > 0;
      obtainedAt = startedAt - (isOwn ? Math.min(sinceRefreshMs, sinceUseMs) : sinceRefreshMs);
    } else {
      obtainedAt = startedAt + position * start.importedWithinMs;
    }
    population.habitOf[item] = habit;
    population.usedAt[item] = usedAt;
    population.refreshAt[item] = refreshOf(obtainedAt, usedAt);
    population.expiresAt[item] = obtainedAt + lifetimeMs;
    population.nextUseAt[item] =
      usesPerDay === 0 ? Infinity : startedAt + exponential(random, usesPerDay) * dayMs;
  };
}

function sinceLastUse(usesPerDay: number, random: () => number): number {
  const { least, most } = goneForDays;
  const days =
    usesPerDay === 0 ? least + random() * (most - least) : exponential(random, usesPerDay);
  return days * dayMs;
}

function cumulated(habits: readonly Habit[]): number[] {
  let sum = 0;
  return habits.map(({ share }) => {
    sum += share;
    return sum;
  });
}

function pick(bounds: readonly number[], dice: number): number {
  const found = bounds.findIndex((bound) => dice < bound);
  return found < 0 ? Math.max(0, bounds.length - 1) : found;
}
