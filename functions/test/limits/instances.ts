import { silent } from '../../src/events/outbox.ts';
import { createLimits, type Limits } from '../../src/limits/limits.ts';
import { createPermits } from '../../src/limits/permits.ts';
import { createSlots } from '../../src/limits/slots.ts';
import { createTold } from '../../src/limits/told.ts';
import type { Counted } from '../../src/limits/window.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createCircuits } from '../../src/refresh/circuit.ts';
import type { HeldSlots } from '../../src/store/limit-store.ts';
import { createMemoryProviderStore } from '../harness/provider-store.ts';
import { createMemoryCells } from './cells.ts';

const outbox = { open: async () => silent, handOver: async () => {} };

/** Instances that share a database in memory. */
export function createShared(clock: Clock) {
  const counts = createMemoryCells<Counted>();
  const held = createMemoryCells<HeldSlots>();
  const providers = createMemoryProviderStore(clock);
  const random = () => 0.5;
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `${ids}`;
  };
  return {
    counts,
    held,
    providers,
    cost: () => ({
      reads: counts.cost.reads + held.cost.reads,
      writes: counts.cost.writes + held.cost.writes,
    }),
    newInstance: (): Limits =>
      createLimits({
        permits: createPermits({ cells: counts, clock, random }),
        slots: createSlots({ cells: held, clock, random, newId }),
        told: createTold(clock),
        circuits: createCircuits({ providers, outbox, clock, random, newId }),
        clock,
      }),
  };
}
