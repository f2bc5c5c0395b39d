import type { Firestore, Timestamp } from 'firebase-admin/firestore';
import * as v from 'valibot';
import { conditionally, reachFirestore } from '../platform/firestore.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { addCompanions, type Companion } from './companions.ts';
import { time, toFirestore } from './documents.ts';
import { documentReader, type Stored, timeOfWrites } from './stored.ts';

/** `strongroomProviders/{id}`: whether a provider works. Whoever is signed in may read it. */
const providerDocumentSchema = v.object({
  /** `open`: nobody asks the provider, but one probe at a time once `retryAt` has come. */
  circuit: v.picklist(['closed', 'open']),
  /** `misconfigured`: it refuses our registration; `down`: it gives nobody an answer. */
  cause: v.nullable(v.picklist(['misconfigured', 'down'])),
  /** The `error` of its answer (RFC 6749 §5.2). */
  providerError: v.nullable(v.string()),
  openedAt: v.nullable(time),
  retryAt: v.nullable(time),
  /** Probes in a row that failed: what the pause grows with. */
  failures: v.number(),
  probe: v.nullable(v.object({ owner: v.string(), until: time })),
  /** How many events it has had: what orders them. */
  events: v.number(),
});

export type ProviderDocument = v.InferOutput<typeof providerDocumentSchema>;

const forgottenMax = 100;

/**
 * Where the state of providers lives. Throws StrongroomError `unavailable`.
 *
 * @param collection another's, where the state of something else lives likewise.
 */
export function createProviderStore(
  db: Firestore,
  timed: ServerClock['timed'] = (ask) => ask(),
  collection = 'strongroomProviders',
) {
  const providers = db.collection(collection);
  const read = documentReader(timed);

  return {
    /** 1 read. */
    read: (id: string): Promise<Stored<ProviderDocument> | undefined> =>
      read(providers.doc(id), providerDocumentSchema),

    /**
     * Providers whose circuit is open and whom nobody has asked since that time. 1 read for each that
     * is open, at least 1. A document that is not of our shape is passed over.
     */
    async listForgotten(before: number): Promise<string[]> {
      const open = providers.where('circuit', '==', 'open').limit(forgottenMax);
      const { docs } = await reachFirestore(() => open.get());
      return docs.flatMap((snapshot) => {
        const { success, output } = v.safeParse(providerDocumentSchema, snapshot.data());
        return success && (output.retryAt ?? 0) <= before ? [snapshot.id] : [];
      });
    },

    /**
     * Compare and set: only where nobody has changed it since it was read, or it still is not there.
     * 1 write, and 1 for each event.
     *
     * @returns the new version, or undefined: somebody was first.
     */
    async write(
      id: string,
      found: Stored<ProviderDocument> | undefined,
      document: ProviderDocument,
      events: readonly Companion[],
    ): Promise<Timestamp | undefined> {
      const batch = db.batch();
      if (found === undefined) batch.create(providers.doc(id), toFirestore(document));
      else
        batch.update(providers.doc(id), toFirestore(document), { lastUpdateTime: found.version });
      addCompanions(db, batch, events);
      const outcome = await conditionally(() => timed(() => batch.commit(), timeOfWrites));
      return outcome.written ? outcome.value[0]?.writeTime : undefined;
    },
  };
}

export type ProviderStore = ReturnType<typeof createProviderStore>;
