import type { DueConnection } from '../store/due-store.ts';
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
  /** Whether it is to find out if a provider that was paused is back. */
  readonly isProbe?: boolean;
}

/** A connection that is due, and how its provider may be asked. */
export type Taken = DueConnection & Pick<Allowance, 'perSecond' | 'isProbe'>;

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
          ...(all[0]?.isProbe && { isProbe: true }),
        };
      }),
  );
  return batches.sort((one, other) => one.startAt - other.startAt);
}

function chunksOf(all: readonly Taken[]): Taken[][] {
  const count = Math.ceil(all.length / batchSize);
  return Array.from({ length: count }, (_, n) => all.slice(n * batchSize, (n + 1) * batchSize));
}
