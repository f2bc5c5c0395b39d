import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { shards } from '../store/documents.ts';
import type { FreshTokenSet } from './engine.ts';

/** A connection that is due, and the generation that made it so. */
export interface Due {
  readonly id: string;
  readonly generation: number;
}

/** How often `rotateTokens` runs: what falls due before the next run is due now. */
export const rotationPeriodMs = 60_000;
/** Connections per task. */
export const batchSize = 100;
const batchConcurrency = 10;

interface RotationDependencies {
  readonly store: ConnectionStore;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
}

/**
 * Hands what is due to tasks. Reads what is due and nothing else: 1 read per connection due, at
 * least 1 per shard. Runs may overlap or die half-way: a batch that comes twice refreshes once.
 */
export function createRotation({ store, enqueue, clock }: RotationDependencies) {
  return async (): Promise<void> => {
    const dueUntil = clock.now() + rotationPeriodMs;
    const handOver = async (shard: number): Promise<number> => {
      let due = 0;
      for await (const batch of store.listDue(shard, dueUntil, batchSize)) {
        await enqueue('refreshBatch', { connections: batch });
        due += batch.length;
      }
      return due;
    };
    const counts = await Promise.all(Array.from({ length: shards }, (_, shard) => handOver(shard)));
    log.rotated({ due: counts.reduce((sum, due) => sum + due, 0) });
  };
}

/**
 * Refreshes the connections of one batch whose generation is still the one that was due. A failure
 * is the connection's own: the others go on, and what passes by itself is due again at the next run.
 */
export function createRefreshBatch(fresh: FreshTokenSet, clock: Clock) {
  return async (batch: readonly Due[]): Promise<void> => {
    const counts = { refreshed: 0, failed: 0 };
    const queue = [...batch];
    const work = async (): Promise<void> => {
      for (let due = queue.shift(); due !== undefined; due = queue.shift()) {
        try {
          // One attempt and no waiting: a provider that is down is not asked more than callers do.
          const deadlineAt = clock.ticks();
          await fresh({ connectionId: due.id, newerThan: due.generation, deadlineAt });
          counts.refreshed += 1;
        } catch (error) {
          if (!(error instanceof StrongroomError)) throw error;
          counts.failed += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: batchConcurrency }, work));
    log.rotated(counts);
  };
}
