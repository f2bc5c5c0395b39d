import type { DueConnection } from '../store/connection-store.ts';
import type { Allowance } from './allowance.ts';

/** A connection that is due, and the generation that made it so. */
export interface Due {
  readonly id: string;
  readonly generation: number;
}

/** What one task refreshes: connections of one provider, soonest due first. */
export interface Batch {
  readonly provider: string;
  readonly connections: readonly Due[];
  /** When its first connection has its turn, in milliseconds since the epoch. */
  readonly startAt: number;
}

/** A connection that is due, and how often its provider may be asked. */
export type Taken = DueConnection & Pick<Allowance, 'perSecond'>;

/** Connections per task. */
export const batchSize = 100;

/**
 * Gives each connection its turn: soonest due first, each provider as often as it may be asked. What
 * starts first comes first, so that no provider waits behind another's many batches.
 */
export function planBatches(taken: readonly Taken[], now: number): Batch[] {
  const soonestFirst = taken.toSorted((one, other) => one.refreshAt - other.refreshAt);
  const batches = [...Map.groupBy(soonestFirst, ({ provider }) => provider)].flatMap(
    ([provider, all]) =>
      chunksOf(all).map((connections, index): Batch => {
        const turnMs = 1_000 / (all[0]?.perSecond ?? 1);
        const startAt = Math.round(now + index * batchSize * turnMs);
        return {
          provider,
          connections: connections.map(({ id, generation }) => ({ id, generation })),
          startAt,
        };
      }),
  );
  return batches.sort((one, other) => one.startAt - other.startAt);
}

function chunksOf(all: readonly Taken[]): Taken[][] {
  const count = Math.ceil(all.length / batchSize);
  return Array.from({ length: count }, (_, n) => all.slice(n * batchSize, (n + 1) * batchSize));
}
