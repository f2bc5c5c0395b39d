import { dayMs } from '../functions/src/platform/durations.ts';
import type { Provider } from '../functions/src/providers/settings-schema.ts';
import { rotationPeriodMs } from '../functions/src/refresh/allowance.ts';
import { needsReauthAtOf, redate, undated } from '../functions/src/refresh/calendar.ts';
import { idleEndOf, refreshAtOf } from '../functions/src/refresh/due.ts';
import { isFresh } from '../functions/src/refresh/freshness.ts';
import { shards } from '../functions/src/store/documents.ts';
import { createCalendarQueue, createWaiting } from './calendar-queue.ts';
import { type Cohort, settingsOf } from './cohort.ts';
import { createObservation, type Observation, observe } from './observation.ts';
import { createOutages } from './outage.ts';
import { populate } from './population.ts';
import { createRandom, exponential } from './random.ts';
import { createRun, type Member } from './run.ts';

/** A whole minute, as the runs of the rotation begin. */
export const startedAt = Date.UTC(2026, 0, 1);

export interface Plan {
  readonly cohorts: readonly Cohort[];
  readonly minutes: number;
  readonly seed?: number;
}

/** @returns what was seen of each cohort, in their order. */
export type Simulate = (plan: Plan) => Promise<Observation[]>;

/**
 * Lets `rotateTokens` run every minute over these connections, and their users come. When each is
 * due, how many a run takes of each provider and shard, what an outage does: all of that is decided
 * by the suite's own functions. Around them is a model: each refresh has its turn exactly, and takes
 * no time.
 */
export const simulate: Simulate = async ({ cohorts, minutes, seed = 1 }) => {
  const random = createRandom(seed);
  const settings = settingsOf(cohorts);
  const members: Member[] = [];
  const size = cohorts.reduce((sum, cohort) => sum + cohort.size, 0);
  const nexts = new Int32Array(size);
  for (const cohort of cohorts) {
    const provider = await settings.provider(cohort.provider);
    members.push({
      cohort,
      provider,
      graceMs: graceOf(cohort, provider),
      seen: createObservation(minutes),
      lanes: Array.from({ length: shards }, () => createWaiting(nexts)),
    });
  }
  const population = populate(members, startedAt, random);
  const { cohortOf, habitOf, expiresAt, refreshAt, usedAt, nextUseAt } = population;
  const due = createCalendarQueue(size, minutes);
  const users = createCalendarQueue(size, minutes);
  const tokenSet = { obtainedAt: 0, expiresAt: 0, refreshToken: 'token' };
  const clock = {
    at: startedAt,
    now: () => clock.at,
    ticks: () => clock.at,
    sleep: async () => {},
  };
  let minute = -1;

  const minuteOf = (at: number) =>
    Math.max(Math.ceil((at - startedAt) / rotationPeriodMs) - 1, minute + 1);

  const enqueue = (item: number): void => {
    const at = refreshAt[item] ?? Number.NaN;
    if (!Number.isNaN(at)) due.add(item, minuteOf(at));
  };

  /** What a commit writes of times. */
  const renew = (item: number, member: Member, at: number): void => {
    const { provider, cohort, seen } = member;
    tokenSet.obtainedAt = at;
    tokenSet.expiresAt = at + cohort.lifetimeMs;
    expiresAt[item] = tokenSet.expiresAt;
    const next = refreshAtOf(tokenSet, provider, usedAt[item] ?? 0, random);
    refreshAt[item] = next ?? Number.NaN;
    // Rotation gives it up: from now on the end of its grant is foreseen.
    if (next === null && isDated(member, tokenSet, at)) seen.dated += 1;
  };

  const refresh = (item: number, member: Member, at: number): void => {
    const end = (expiresAt[item] ?? 0) + member.graceMs;
    observe(member.seen, minute, at, refreshAt[item] ?? 0, end);
    renew(item, member, at);
    enqueue(item);
  };

  /** A user's first call after a while. */
  const visit = (item: number): void => {
    const member = members[cohortOf[item] ?? 0];
    if (member === undefined) return;
    const { cohort, provider, seen } = member;
    const { lifetimeMs, habits } = cohort;
    const at = nextUseAt[item] ?? Infinity;
    const end = expiresAt[item] ?? 0;
    const wasDormant = Number.isNaN(refreshAt[item] ?? Number.NaN);
    seen.uses += 1;
    if (!isFresh({ obtainedAt: end - lifetimeMs, expiresAt: end }, at)) {
      seen.byCallers += 1;
      usedAt[item] = at;
      renew(item, member, at);
      if (wasDormant) enqueue(item);
    } else if (provider.rotate.policy === 'used' && at - (usedAt[item] ?? 0) >= dayMs) {
      seen.notes += 1;
      usedAt[item] = at;
      if (wasDormant) {
        tokenSet.obtainedAt = end - lifetimeMs;
        tokenSet.expiresAt = end;
        refreshAt[item] = refreshAtOf(tokenSet, provider, at, random) ?? Number.NaN;
        enqueue(item);
      }
    }
    const usesPerDay = habits[habitOf[item] ?? 0]?.usesPerDay ?? 0;
    const next = at + exponential(random, usesPerDay) * dayMs;
    nextUseAt[item] = next;
    users.add(item, minuteOf(next));
  };

  const outages = createOutages({ settings, clock, random });
  const run = createRun({ settings, outages, clock, refreshAt, startedAt, enqueue, refresh });
  for (let item = 0; item < size; item += 1) {
    enqueue(item);
    const at = nextUseAt[item] ?? Infinity;
    if (at < Infinity) users.add(item, minuteOf(at));
  }
  for (minute = 0; minute < minutes; minute += 1) {
    clock.at = startedAt + minute * rotationPeriodMs;
    due.drain(minute, (item) => {
      // Where its user was first, it is due later.
      const isDue = (refreshAt[item] ?? 0) <= clock.at + rotationPeriodMs;
      if (isDue) members[cohortOf[item] ?? 0]?.lanes[item % shards]?.push(item);
      else enqueue(item);
    });
    for (const member of members) await run(member);
    users.drain(minute, visit);
    for (const { lanes, seen } of members) {
      seen.backlog[minute] = lanes.reduce((sum, { length }) => sum + length, 0);
    }
  }
  return members.map(({ seen }) => seen);
};

function graceOf({ lifetimeMs }: Cohort, provider: Provider): number {
  if (provider.rotate.policy !== 'keep-alive') return 0;
  const tokenSet = { obtainedAt: 0, expiresAt: lifetimeMs, refreshToken: 'token' };
  return (idleEndOf(tokenSet, provider) ?? lifetimeMs) - lifetimeMs;
}

/** Whether a commit writes a date in the status document as well. */
function isDated({ provider }: Member, tokenSet: Parameters<typeof refreshAtOf>[0], at: number) {
  const needsReauthAt = needsReauthAtOf(tokenSet, provider, { grantedAt: at, refreshes: 0 }, null);
  return Object.keys(redate(undated, needsReauthAt, at).status).length > 0;
}
