import type { Clock } from '../platform/clock.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { EventStore } from '../store/event-store.ts';
import { lanesPerTask, sinksOf } from './outbox.ts';

interface HandOverDependencies {
  readonly store: EventStore;
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
}

/** What is beyond this many events is left to the next run. */
const eventsPerRun = 3_000;

/**
 * Hands over what is due: events to be tried again, and those whose own task never came. Nothing
 * due: 1 read. No sink in the settings: none.
 */
export function createHandOver({ store, settings, enqueue, clock }: HandOverDependencies) {
  return async (): Promise<void> => {
    if (sinksOf((await settings.read()).events).length === 0) return;
    const lanes = new Set<string>();
    let left = eventsPerRun;
    for await (const page of store.listDue(clock.now())) {
      for (const lane of page) lanes.add(lane);
      left -= page.length;
      if (left <= 0) break;
    }
    const all = [...lanes];
    for (let i = 0; i < all.length; i += lanesPerTask) {
      await enqueue('deliverEvents', { lanes: all.slice(i, i + lanesPerTask) });
    }
  };
}
