import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { allOf, inParallel } from '../platform/in-parallel.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { shards } from '../store/documents.ts';
import {
  type Allowance,
  createAllowances,
  type PausedUntil,
  rotationPeriodMs,
} from './allowance.ts';
import { type Batch, planBatches, type Taken } from './batches.ts';

interface RotationDependencies {
  readonly store: Pick<ConnectionStore, 'listDue'>;
  readonly settings: SettingsReader;
  readonly pausedUntil: PausedUntil;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
}

const enqueuedAtOnce = 10;
/** Connections per query. The first query of a shard is short: whose they are is not known yet. */
const longestPage = 300;
const shortestPage = 10;

/**
 * Hands what is due to tasks, soonest first, of each provider no more than it takes until the next
 * run. Reads what it hands over, and little else; at least 1 read per shard. Runs may overlap or die
 * half-way: what is handed over twice is refreshed once, and what is not is due at the next run.
 *
 * @throws what the first failed query or task threw, once everything else is handed over.
 */
export function createRotation(dependencies: RotationDependencies) {
  const { store, enqueue, clock } = dependencies;

  const handOver = async (batch: Batch): Promise<void> => {
    const delaySeconds = Math.max(0, Math.floor((batch.startAt - clock.now()) / 1_000));
    await enqueue('refreshBatch', batch, { delaySeconds });
  };

  return async (): Promise<void> => {
    const dueUntil = clock.now() + rotationPeriodMs;
    const allowanceOf = createAllowances(dependencies);
    const taken: Taken[] = [];
    const take = (shard: number) =>
      takeFromShard(store, { shard, dueUntil }, (provider) => allowanceOf(provider, shard), taken);
    const reading = allOf(Array.from({ length: shards }, (_, shard) => take(shard)));
    // What the other shards have must not wait for the one that fails.
    await reading.catch(() => {});
    const batches = planBatches(taken, clock.now());
    await inParallel(batches, enqueuedAtOnce, handOver);
    log.rotated({ due: taken.length, batches: batches.length });
    await reading;
  };
}

/**
 * Adds what a shard has due and its providers take. A provider that has had its share is left out of
 * the queries that follow, so that its backlog costs neither reads nor the others' turn.
 */
async function takeFromShard(
  store: Pick<ConnectionStore, 'listDue'>,
  { shard, dueUntil }: { readonly shard: number; readonly dueUntil: number },
  allowanceOf: (provider: string) => Promise<Allowance>,
  taken: Taken[],
): Promise<void> {
  const allowances = new Map<string, Allowance>();
  const nextPage = () => {
    const lefts = [...allowances.values()].map(({ left }) => left).filter((left) => left > 0);
    // No longer than what is certain to be taken: what is read beyond a share is read in vain.
    const limit = Math.min(longestPage, Math.max(shortestPage, Math.min(...lefts)));
    const without = [...allowances].filter(([, { left }]) => left <= 0).map(([id]) => id);
    return { limit: lefts.length === 0 ? shortestPage : limit, without };
  };
  for await (const page of store.listDue(shard, dueUntil, nextPage)) {
    for (const due of page) {
      const { provider } = due;
      const allowance = allowances.get(provider) ?? (await allowanceOf(provider));
      allowances.set(provider, allowance);
      if (allowance.left <= 0) continue;
      allowance.left -= 1;
      const { perSecond, isProbe } = allowance;
      taken.push({ ...due, perSecond, isProbe });
    }
  }
}
