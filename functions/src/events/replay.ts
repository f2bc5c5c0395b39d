import type { Clock } from '../platform/clock.ts';
import type { EventDocument } from '../store/event-documents.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Stored } from '../store/stored.ts';
import { keptDeadMs, tryingMs } from './periods.ts';

/**
 * Has events delivered once more, with the ids they had; `rotateTokens` hands them over within a
 * minute. Those that still wait are left alone: they will be. 1 write each.
 *
 * @returns the ids of those that are sent again.
 * @throws StrongroomError `unavailable`
 */
export async function replay(
  store: Pick<EventStore, 'update'>,
  clock: Pick<Clock, 'now'>,
  found: readonly Stored<EventDocument>[],
): Promise<string[]> {
  const replayed: string[] = [];
  for (const event of found) {
    if (event.document.state === 'pending') continue;
    const now = clock.now();
    const version = await store.update(event, {
      state: 'pending',
      attempts: 0,
      nextAttemptAt: now,
      giveUpAt: now + tryingMs,
      lastFailure: null,
      deleteAt: now + tryingMs + keptDeadMs,
    });
    // Another replay was first.
    if (version !== undefined) replayed.push(event.id);
  }
  return replayed;
}
