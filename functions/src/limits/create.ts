import type { Firestore } from 'firebase-admin/firestore';
import { silent } from '../events/outbox.ts';
import type { Clock } from '../platform/clock.ts';
import type { ServerClock } from '../platform/server-clock.ts';
import { createCircuits } from '../refresh/circuit.ts';
import { createLimitStore, limitCollection } from '../store/limit-store.ts';
import { createProviderStore } from '../store/provider-store.ts';
import { createLimits, type Limits } from './limits.ts';
import { createPermits } from './permits.ts';
import { createSlots } from './slots.ts';
import { createTold } from './told.ts';

interface Surroundings {
  readonly db: Firestore;
  readonly timed: ServerClock['timed'];
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
}

/** The team is told of providers that give no tokens; a log line does for an API that is down. */
const outbox = { open: async () => silent, handOver: async () => {} };

/** The limits of an instance, with all of their parts. */
export function createSharedLimits({ db, timed, clock, random, newId }: Surroundings): Limits {
  const store = createLimitStore(db, timed);
  const providers = createProviderStore(db, timed, limitCollection);
  return createLimits({
    permits: createPermits({ cells: store.counts, clock, random }),
    slots: createSlots({ cells: store.slots, clock, random, newId }),
    told: createTold(clock),
    circuits: createCircuits({ providers, outbox, clock, random, newId }),
    clock,
  });
}
