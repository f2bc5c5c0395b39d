import type { AuditFact } from '../audit/record.ts';
import { factOfConnection, factOfProvider, recordsOf } from '../audit/recorder.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { Enqueue } from '../platform/tasks.ts';
import { within } from '../platform/within.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Settings } from '../providers/settings-schema.ts';
import { type Companion, isEvent } from '../store/companions.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { EventDocument, NewEvent } from '../store/event-documents.ts';
import type { Stored } from '../store/stored.ts';
import {
  type ConnectionFact,
  type ConnectionSubject,
  defaultEventTypes,
  type EventType,
  type ProviderFact,
  type ProviderSubject,
  type Sink,
  sinks,
} from './event.ts';
import { firstLookMs, keptDeadMs, tryingMs } from './periods.ts';

/** What a fact adds to the commit that makes it true: events, and records of the audit. */
export interface Recorded {
  /** The subject's counter; belongs into its document. */
  readonly patch: { readonly events?: number };
  readonly documents: readonly Companion[];
}

/** Writes facts down as events and records, without waiting for anything. */
export interface Recorder {
  connection(subject: ConnectionSubject, ...facts: readonly ConnectionFact[]): Recorded;
  provider(subject: ProviderSubject, ...facts: readonly ProviderFact[]): Recorded;
  /** What the audit alone is to tell of. */
  audit(...facts: readonly AuditFact[]): readonly Companion[];
}

/**
 * How the rest of the suite tells of what happens: `open`, record the facts, write the documents in
 * the commit that makes them true (a crash can then lose neither), `handOver` after it.
 */
export interface Outbox {
  /**
   * Reads which sinks there are. To be called before anything irreversible is done, so that nothing
   * is waited for between a provider's answer and its commit.
   *
   * @throws StrongroomError `settings_invalid`, `unavailable`
   */
  open(): Promise<Recorder>;
  /**
   * Hands committed events to delivery. Never throws and takes 2 s at most: what is not handed over
   * here, `rotateTokens` hands over within two minutes.
   */
  handOver(documents: readonly Companion[]): Promise<void>;
}

interface OutboxDependencies {
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly clock: Clock;
  readonly enqueue: Enqueue;
}

/** Lanes per task. */
export const lanesPerTask = 100;
const handOverTimeoutMs = 2_000;

/** The outbox of an instance. What is told, and to whom, the settings say at each `open`. */
export function createOutbox({ settings, clock, enqueue }: OutboxDependencies): Outbox {
  return {
    async open() {
      return createRecorder(await settings.read(), clock);
    },
    async handOver(documents) {
      const lanes = [...new Set(documents.filter(isEvent).map(({ document }) => document.lane))];
      try {
        for (let i = 0; i < lanes.length; i += lanesPerTask) {
          const task = enqueue('deliverEvents', { lanes: lanes.slice(i, i + lanesPerTask) });
          await within(handOverTimeoutMs, task);
        }
      } catch {
        log.eventsNotHandedOver(lanes.length);
      }
    },
  };
}

/** Nobody is told of anything. */
export const silent: Recorder = {
  connection: () => ({ patch: {}, documents: [] }),
  provider: () => ({ patch: {}, documents: [] }),
  audit: () => [],
};

/** What `deliverEvents` is to be told of the events of a connection. */
export function subjectOf({ id, document }: Pick<Stored<VaultDocument>, 'id' | 'document'>) {
  const { uid, provider, events } = document;
  return { connectionId: id, uid, provider, events } satisfies ConnectionSubject;
}

/** The name of a lane: what delivery is ordered by. No colon: in URLs of Firestore it ends the path. */
function laneOf(subject: string, sink: Sink): string {
  return `${subject}_${sink}`;
}

/** The sinks that the settings name. */
export function sinksOf(events: Settings['events']): readonly Sink[] {
  return sinks.filter((sink) => events?.[sink] !== undefined);
}

function createRecorder(
  { events, audit }: Pick<Settings, 'events' | 'audit'>,
  clock: Clock,
): Recorder {
  const named = sinksOf(events);
  const types: ReadonlySet<EventType> = new Set(events?.types ?? defaultEventTypes);

  const record = (
    about: Pick<EventDocument, 'subject' | 'uid' | 'provider'>,
    before: number,
    facts: readonly (ConnectionFact | ProviderFact)[],
    audited: readonly (AuditFact | undefined)[],
  ): Recorded => {
    const records = recordsOf(audited, audit, clock.now());
    const told = facts.filter(({ type }) => types.has(type));
    if (named.length === 0 || told.length === 0) return { patch: {}, documents: records };
    const documents = told.flatMap((fact, i) =>
      named.map((sink) => eventOf(about, before + i + 1, sink, fact, clock.now())),
    );
    return { patch: { events: before + told.length }, documents: [...documents, ...records] };
  };
  return {
    connection(subject, ...facts) {
      const { connectionId, uid, provider, events: before } = subject;
      const audited = facts.map((fact) => factOfConnection(subject, fact));
      return record({ subject: connectionId, uid, provider }, before, facts, audited);
    },
    provider(subject, ...facts) {
      const { provider, events: before } = subject;
      const audited = facts.map((fact) => factOfProvider(subject, fact));
      const about = { subject: `provider_${provider}`, uid: null, provider };
      return record(about, before, facts, audited);
    },
    audit: (...facts) => recordsOf(facts, audit, clock.now()),
  };
}

function eventOf(
  about: Pick<EventDocument, 'subject' | 'uid' | 'provider'>,
  sequence: number,
  sink: Sink,
  { type, ...facts }: ConnectionFact | ProviderFact,
  now: number,
): NewEvent {
  const lane = laneOf(about.subject, sink);
  return {
    // Not random: the same commit tried again writes the same document.
    id: `${lane}_${sequence}`,
    document: {
      ...about,
      lane,
      sequence,
      sink,
      type,
      data: Object.fromEntries(Object.entries(facts).map(dataOf)),
      occurredAt: now,
      state: 'pending',
      attempts: 0,
      nextAttemptAt: now + firstLookMs,
      giveUpAt: now + tryingMs,
      lastFailure: null,
      deleteAt: now + tryingMs + keptDeadMs,
    },
  };
}

/** Times go out as ISO 8601. */
function dataOf([name, value]: [string, string | number | boolean | null]) {
  const isTime = name.endsWith('At') && typeof value === 'number';
  return [name, isTime ? new Date(value).toISOString() : value] as const;
}
