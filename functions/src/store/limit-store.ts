import type { Firestore, Timestamp } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { time, toFirestore } from './documents.ts';
import { documentReader, type Stored, timeOfWrites } from './stored.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** How many requests there were in the last minute; see `limits/window.ts`. */
const countedSchema = v.object({ slice: v.number(), counts: v.array(count) });

/** How many calls each instance may have under way, and until when. */
const heldSchema = v.object({
  holders: v.record(v.string(), v.object({ slots: count, until: time })),
});

export type HeldSlots = v.InferOutput<typeof heldSchema>;

export const limitCollection = 'strongroomLimits';

/** Documents of one kind, each written only by who knows its newest version. */
export interface LimitCells<T> {
  /** 1 read. */
  read(id: string): Promise<Stored<T> | undefined>;
  /** 1 write. @returns it as it now stands; undefined: somebody was first. */
  write(
    id: string,
    found: Stored<T> | undefined,
    document: T,
    now: number,
  ): Promise<Stored<T> | undefined>;
}

/** What is counted is over within minutes; the TTL policy deletes the document some time after. */
const keptMs = 3_600_000;

/**
 * `strongroomLimits/{id}`: what instances have taken of limits that they share. An id names the
 * provider, and its user by a hash. Throws StrongroomError `unavailable`.
 */
export function createLimitStore(db: Firestore, timed: ServerClock['timed'] = (ask) => ask()) {
  const limits = db.collection(limitCollection);
  const read = documentReader(timed);

  const cells = <S extends v.GenericSchema<unknown, object>>(
    schema: S,
  ): LimitCells<v.InferOutput<S>> => ({
    read: (id) => read(limits.doc(id), schema),
    async write(id, found, document, now) {
      const batch = db.batch();
      const fields = toFirestore({ ...document, deleteAt: now + keptMs });
      if (found === undefined) batch.create(limits.doc(id), fields);
      else batch.update(limits.doc(id), fields, { lastUpdateTime: found.version });
      const outcome = await conditionally(() => timed(() => batch.commit(), timeOfWrites));
      const version: Timestamp | undefined = outcome.written
        ? outcome.value[0]?.writeTime
        : undefined;
      return version && { id, document, version };
    },
  });
  return { counts: cells(countedSchema), slots: cells(heldSchema) };
}

export type LimitStore = ReturnType<typeof createLimitStore>;
