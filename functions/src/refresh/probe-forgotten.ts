import type { Clock } from '../platform/clock.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { ProviderStore } from '../store/provider-store.ts';
import type { Batch } from './batches.ts';
import { staleMs } from './trouble.ts';

interface ProbeDependencies {
  readonly store: Pick<ConnectionStore, 'findActive'>;
  readonly providers: Pick<ProviderStore, 'listForgotten'>;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
}

/**
 * Has one connection of each provider refreshed whose circuit is open and whom nobody has asked for a
 * quarter of an hour. Where something is due the rotation does so within a minute; where nothing is,
 * an instance that never met the trouble refreshes happily and does not know that there is a circuit
 * to be closed: to look would cost every refresh a read. Cost: 1 read where none is open.
 *
 * @throws StrongroomError `unavailable`, or what the task queue threw.
 */
export function createProbeForgotten(dependencies: ProbeDependencies) {
  const { store, providers, enqueue, clock } = dependencies;
  return async (): Promise<void> => {
    const now = clock.now();
    for (const provider of await providers.listForgotten(now - staleMs)) {
      const found = await store.findActive(provider);
      if (found === undefined) continue;
      const batch: Batch = { provider, connections: [found], startAt: now, isProbe: true };
      await enqueue('refreshBatch', batch);
    }
  };
}
