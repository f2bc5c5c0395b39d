import {
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
  Timestamp,
  type Transaction,
  type WriteBatch,
} from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { toFirestore } from './documents.ts';
import {
  type EventDocument,
  type EventState,
  eventDocumentSchema,
  type NewEvent,
} from './event-documents.ts';
import { parse, type Stored, setIn, timeOfRead } from './stored.ts';

const collection = 'strongroomEvents';

/**
 * Adds events to a commit. They replace what stands there: a counter that was set back must not keep
 * the change they tell of from being made.
 */
export function addEvents(
  db: Firestore,
  commit: WriteBatch | Transaction,
  events: readonly NewEvent[],
): void {
  for (const { id, document } of events) {
    const reference = db.collection(collection).doc(id);
    setIn(commit, reference, toFirestore(document));
  }
}

/**
 * Where events wait. Every method throws StrongroomError `unavailable` where Firestore gives no
 * answer.
 */
export function createEventStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const events = db.collection(collection);
  const pendingIn = (lane: string) =>
    events.where('lane', '==', lane).where('state', '==', 'pending');
  const run = (query: Query) => reachFirestore(() => timed(() => query.get(), timeOfRead));

  return {
    /** The first of a lane that is not delivered. 1 read. */
    async readHead(lane: string): Promise<Stored<EventDocument> | undefined> {
      const [head] = (await run(pendingIn(lane).orderBy('sequence').limit(1))).docs;
      return head && storedOf(head);
    },

    /** Compare and set. 1 write. @returns the new version, or undefined: somebody was first. */
    async update(
      found: Stored<EventDocument>,
      patch: Partial<EventDocument>,
    ): Promise<Timestamp | undefined> {
      const outcome = await conditionally(() =>
        events.doc(found.id).update(toFirestore(patch), { lastUpdateTime: found.version }),
      );
      return outcome.written ? outcome.value.writeTime : undefined;
    },

    /**
     * Lets what waits in a lane wait until its head is due, so that the schedule need not look at it.
     * 1 read and 1 write each, at least 1 read.
     */
    async postpone(lane: string, until: number): Promise<void> {
      const nextAttemptAt = Timestamp.fromMillis(until);
      const query = pendingIn(lane).where('nextAttemptAt', '<', nextAttemptAt).limit(pageSize);
      const { docs } = await run(query.select());
      if (docs.length === 0) return;
      const batch = db.batch();
      for (const { ref, updateTime } of docs) {
        batch.update(ref, { nextAttemptAt }, { lastUpdateTime: updateTime });
      }
      // Where one of them is on its way meanwhile, all stay as they are.
      await conditionally(() => batch.commit());
    },

    /** The lanes of what is due, soonest first, by pages; 1 read per event, at least 1. */
    async *listDue(now: number) {
      const due = events
        .where('nextAttemptAt', '<=', Timestamp.fromMillis(now))
        .orderBy('nextAttemptAt')
        .select('lane', 'nextAttemptAt')
        .limit(pageSize);
      let query = due;
      for (;;) {
        const { docs } = await run(query);
        const last = docs.at(-1);
        if (last === undefined) return;
        // One that somebody has spoilt must not keep the others from their delivery.
        yield docs.flatMap((snapshot) => {
          const { success, output } = v.safeParse(laneSchema, snapshot.data());
          return success ? output.lane : [];
        });
        if (docs.length < pageSize) return;
        query = due.startAfter(last);
      }
    },

    /** Events by their state, or since a time, oldest first; 1 read each, at least 1. */
    async list({ state, since = 0 }: EventFilter): Promise<Stored<EventDocument>[]> {
      const query =
        state === undefined
          ? events.where('occurredAt', '>=', Timestamp.fromMillis(since))
          : events.where('state', '==', state);
      const found = (await run(query)).docs.map(storedOf);
      return found
        .filter(({ document }) => document.occurredAt >= since)
        .sort((a, b) => orderOf(a.document, b.document));
    },

    /** 1 read each. */
    async read(ids: readonly string[]): Promise<Stored<EventDocument>[]> {
      if (ids.length === 0) return [];
      const references = ids.map((id) => events.doc(id));
      const found = await reachFirestore(() =>
        timed(
          () => db.getAll(...references),
          ([first]) => first?.readTime.toMillis(),
        ),
      );
      return found.flatMap((snapshot) => {
        const version = snapshot.updateTime;
        if (version === undefined) return [];
        return [{ id: snapshot.id, document: parse(snapshot, eventDocumentSchema), version }];
      });
    },
  };
}

export type EventStore = ReturnType<typeof createEventStore>;

export interface EventFilter {
  readonly state?: EventState | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
}

const pageSize = 300;
const laneSchema = v.object({ lane: v.string() });

function storedOf(snapshot: QueryDocumentSnapshot): Stored<EventDocument> {
  const document = parse(snapshot, eventDocumentSchema);
  return { id: snapshot.id, document, version: snapshot.updateTime };
}

function orderOf(a: EventDocument, b: EventDocument): number {
  return a.occurredAt - b.occurredAt || a.sequence - b.sequence;
}
