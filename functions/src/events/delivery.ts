import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { inParallel } from '../platform/in-parallel.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Settings } from '../providers/settings-schema.ts';
import type { EventDocument } from '../store/event-documents.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Stored } from '../store/stored.ts';
import type { Sink } from './event.ts';
import { pauseMsOf } from './pause.ts';
import { keptDeadMs, keptDeliveredMs } from './periods.ts';
import { type Sender, type Sent, sendTimeoutMs } from './sender.ts';

interface DeliveryDependencies {
  readonly store: EventStore;
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly senders: Readonly<Record<Sink, Sender>>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** For how long whoever begins an attempt has its event to himself. */
const claimMs = sendTimeoutMs + 15_000;
const concurrency = 10;

/** What has no time left before this is left to the schedule. In the clock's ticks. */
type DeliverEvents = (lanes: readonly string[], deadlineAt: number) => Promise<void>;

/**
 * Delivers what waits in these lanes, each strictly in order, until it is empty, its head fails or
 * the time is over; the schedule hands over again what is left. An event is sent only after the one
 * before it was accepted or given up, and each at least once: with the same id if twice. Cost per
 * event: 1 read and 2 writes, and 1 read per lane.
 *
 * @throws StrongroomError `unavailable`, `settings_invalid` where the settings cannot be read.
 */
export function createDelivery(dependencies: DeliveryDependencies): DeliverEvents {
  return async (lanes, deadlineAt) => {
    const settings = await dependencies.settings.read();
    const counts = { delivered: 0, failed: 0, dead: 0 };
    await inParallel(lanes, concurrency, async (lane) => {
      try {
        await deliverLane(dependencies, settings, lane, deadlineAt, counts);
      } catch (error) {
        // One lane's trouble is no other's.
        if (error instanceof StrongroomError) log.refused('deliverEvents', error);
        else log.unexpected('deliverEvents', error);
      }
    });
    if (Object.values(counts).some((count) => count > 0)) log.eventsDelivered(counts);
  };
}

async function deliverLane(
  { store, senders, clock, random }: DeliveryDependencies,
  settings: Settings,
  lane: string,
  deadlineAt: number,
  counts: Record<'delivered' | 'failed' | 'dead', number>,
): Promise<void> {
  while (clock.ticks() < deadlineAt) {
    const head = await store.readHead(lane);
    if (head === undefined) return;
    const dueAt = dueAtOf(head.document);
    const now = clock.now();
    if (now < dueAt) return store.postpone(lane, dueAt);

    const claim = { attempts: head.document.attempts + 1, nextAttemptAt: now + claimMs };
    const version = await store.update(head, claim);
    // Somebody was first: with an attempt of its own, or only by putting it off.
    if (version === undefined) continue;
    const claimed = { ...head, version, document: { ...head.document, ...claim } };

    const sent = await senders[head.document.sink](claimed.document, settings);
    const outcome = outcomeOf(claimed, sent, clock.now(), random);
    // Whoever took it over meanwhile, because this process stood still, goes on with it.
    if ((await store.update(claimed, outcome)) === undefined) return;
    if (outcome.state === 'pending') {
      counts.failed += 1;
      log.eventFailed(head.id, outcome);
      return store.postpone(lane, outcome.nextAttemptAt);
    }
    counts[outcome.state] += 1;
    if (outcome.state === 'dead') log.eventDead(head.id, outcome);
  }
}

/** When an attempt may begin; a first one may at once. */
function dueAtOf({ attempts, nextAttemptAt }: EventDocument): number {
  return attempts === 0 ? 0 : (nextAttemptAt ?? 0);
}

function outcomeOf(
  { document }: Stored<EventDocument>,
  sent: Sent,
  now: number,
  random: () => number,
) {
  const { attempts, giveUpAt } = document;
  if (sent.kind === 'delivered') {
    const deleteAt = now + keptDeliveredMs;
    return { state: 'delivered', nextAttemptAt: null, lastFailure: null, deleteAt } as const;
  }
  const failure = { attempts, lastFailure: sent.why };
  if (sent.kind === 'gone' || now >= giveUpAt) {
    return { ...failure, state: 'dead', nextAttemptAt: null, deleteAt: now + keptDeadMs } as const;
  }
  const pauseMs = pauseMsOf(attempts, sent.retryAfterSeconds, random);
  // The last attempt is made at the very end, whatever the receiver asked for.
  return {
    ...failure,
    state: 'pending',
    nextAttemptAt: Math.min(now + pauseMs, giveUpAt),
  } as const;
}
