import type { SettingsReader } from '../functions/src/providers/settings.ts';
import type { Provider } from '../functions/src/providers/settings-schema.ts';
import { createAllowances, rotationPeriodMs } from '../functions/src/refresh/allowance.ts';
import { batchSize } from '../functions/src/refresh/batches.ts';
import { shards } from '../functions/src/store/documents.ts';
import type { Waiting } from './calendar-queue.ts';
import type { Cohort } from './cohort.ts';
import type { Observation } from './observation.ts';
import { refreshMs } from './operations.ts';
import type { Outages } from './outage.ts';

/** A cohort at work. */
export interface Member {
  readonly cohort: Cohort;
  readonly provider: Provider;
  readonly seen: Observation;
  /** How long after the access token's end something is lost: with `keep-alive`, the grant is. */
  readonly graceMs: number;
  /** What is due, by shard. */
  readonly lanes: readonly Waiting[];
}

interface Surroundings {
  readonly settings: SettingsReader;
  readonly outages: Outages;
  readonly clock: { at: number; now(): number; ticks(): number; sleep(): Promise<void> };
  readonly refreshAt: Float64Array;
  readonly startedAt: number;
  /** Puts a connection back where it belongs by its `refreshAt`. */
  readonly enqueue: (item: number) => void;
  readonly refresh: (item: number, member: Member, at: number) => void;
}

interface Shares {
  readonly lefts: number[];
  shard: number;
}

/** One run of the rotation over one provider's connections, and the tasks that it hands over to. */
export function createRun(surroundings: Surroundings) {
  const { settings, outages, clock, refreshAt, startedAt, enqueue, refresh } = surroundings;

  /** What the suite lets a run take of each shard. */
  const sharesOf = async ({ provider, isRateLimited = true }: Cohort): Promise<Shares> => {
    const allowanceOf = createAllowances({ settings, clock, pausedUntil: outages.pausedUntil });
    const lefts: number[] = [];
    for (let shard = 0; shard < shards; shard += 1) {
      lefts.push(isRateLimited ? (await allowanceOf(provider, shard)).left : Infinity);
    }
    return { lefts, shard: 0 };
  };

  /** The next connection that has its turn, shard by shard; undefined: none. */
  const nextOf = (lanes: readonly Waiting[], shares: Shares): number | undefined => {
    for (let idle = 0; idle < shards; ) {
      const { shard } = shares;
      shares.shard = (shard + 1) % shards;
      const left = shares.lefts[shard] ?? 0;
      const item = left > 0 ? lanes[shard]?.shift() : undefined;
      if (item === undefined) {
        idle += 1;
      } else if ((refreshAt[item] ?? 0) > clock.at + rotationPeriodMs) {
        // Its user was first.
        enqueue(item);
      } else {
        shares.lefts[shard] = left - 1;
        return item;
      }
    }
    return undefined;
  };

  /** Everyone's turn at a provider that works. @returns how many had one. */
  const takeAll = (member: Member, shares: Shares, turnMs: number): number => {
    let taken = 0;
    for (;;) {
      const item = nextOf(member.lanes, shares);
      if (item === undefined) return taken;
      refresh(item, member, clock.at + taken * turnMs);
      taken += 1;
    }
  };

  /** The same where each may fail: what the suite does after that is its own affair. */
  const tryAll = async (member: Member, shares: Shares, turnMs: number): Promise<number> => {
    const { cohort, lanes, seen } = member;
    const runAt = clock.at;
    let taken = 0;
    for (;;) {
      clock.at = runAt;
      const item = nextOf(lanes, shares);
      if (item === undefined) return taken;
      clock.at = runAt + taken * turnMs;
      const at = clock.at;
      const dueAt = refreshAt[item] ?? 0;
      const isDown = isDownWithin(cohort, at - startedAt, 0);
      const attempt = await outages.attempt(cohort.provider, item, dueAt, isDown);
      if (attempt.kind === 'refused') {
        lanes[item % shards]?.unshift(item);
        clock.at = runAt;
        return taken;
      }
      taken += 1;
      if (attempt.kind === 'works') {
        refresh(item, member, at);
      } else {
        seen.failed += 1;
        refreshAt[item] = attempt.refreshAt;
        enqueue(item);
      }
    }
  };

  return async (member: Member): Promise<void> => {
    const { cohort, provider, lanes, seen } = member;
    if (lanes.every(({ length }) => length === 0)) return;
    const { perSecond, concurrency } = provider.rotate;
    const turnMs = cohort.isRateLimited === false ? 0 : 1_000 / perSecond;
    const shares = await sharesOf(cohort);
    const mayFail =
      isDownWithin(cohort, clock.at - startedAt, rotationPeriodMs) ||
      (cohort.outage !== undefined && (await outages.pausedUntil(cohort.provider)) !== undefined);
    const take = mayFail ? tryAll : takeAll;
    const taken = await take(member, shares, turnMs);
    for (let left = taken; left > 0; left -= batchSize) {
      seen.batches += 1;
      seen.batchSeconds += batchSeconds(Math.min(left, batchSize), turnMs, concurrency);
    }
  };
}

/** How long a task works that has so many connections. */
function batchSeconds(connections: number, turnMs: number, concurrency: number): number {
  const turnsMs = (connections - 1) * turnMs;
  const roundsMs = Math.ceil(connections / concurrency) * refreshMs;
  return Math.max(turnsMs + refreshMs, roundsMs) / 1_000;
}

function isDownWithin({ outage }: Cohort, fromMs: number, lengthMs: number): boolean {
  return outage !== undefined && fromMs + lengthMs >= outage.fromMs && fromMs < outage.untilMs;
}
