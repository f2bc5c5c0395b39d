import { connectionsPerSweep } from '../functions/src/connections/upkeep/sweep.ts';
import { dayMs } from '../functions/src/platform/durations.ts';
import { rotationPeriodMs } from '../functions/src/refresh/allowance.ts';
import type { Observation } from './observation.ts';
import { assumed, counted, refreshMs } from './operations.ts';
import { type Priced, prices } from './prices.ts';

export const monthDays = 30;
const monthSeconds = (monthDays * dayMs) / 1_000;
const runsPerMonth = (monthDays * dayMs) / rotationPeriodMs;
/** What the hourly sweeps look at. */
const sweptPerMonth = connectionsPerSweep * 24 * monthDays;
const memoryGib = 0.5;
const gib = 2 ** 30;

/** What a population does in a month. */
export interface Month {
  readonly connections: number;
  readonly providers: number;
  readonly rotated: number;
  readonly byCallers: number;
  readonly notes: number;
  readonly dated: number;
  readonly batches: number;
  readonly batchSeconds: number;
}

/** What was seen, as if it went on for a month, for that many connections. */
export function monthOf(
  seen: readonly Observation[],
  days: number,
  scale: number,
  connections: number,
): Month {
  const factor = (monthDays / days) * scale;
  const sum = (of: (one: Observation) => number) =>
    seen.reduce((total, one) => total + of(one), 0) * factor;
  return {
    connections,
    providers: seen.length,
    rotated: sum(({ rotated }) => rotated),
    byCallers: sum(({ byCallers }) => byCallers),
    notes: sum(({ notes }) => notes),
    dated: sum(({ dated }) => dated),
    batches: sum(({ batches }) => batches),
    batchSeconds: sum(({ batchSeconds }) => batchSeconds),
  };
}

/** Operations of Firestore in a month. */
export function firestoreOf(month: Month): { readonly reads: number; readonly writes: number } {
  const { rotated, byCallers, notes, dated, batches, providers } = month;
  const times: readonly (readonly [number, { readonly reads: number; readonly writes: number }])[] =
    [
      [runsPerMonth, counted.idleRun],
      [Math.min(runsPerMonth * providers, batches), counted.providerInRun],
      [rotated, counted.handedOver],
      [batches, counted.batch],
      [rotated + byCallers, counted.refresh],
      [notes, counted.note],
      [dated, { reads: 0, writes: 1 }],
      [sweptPerMonth, { reads: 1, writes: 0 }],
    ];
  return {
    reads: times.reduce((sum, [count, { reads }]) => sum + count * reads, 0),
    writes: times.reduce((sum, [count, { writes }]) => sum + count * writes, 0),
  };
}

/** US dollars of a month, by what is paid for. */
export type Bill = Readonly<Record<Priced, number>>;

/**
 * @param packing how tasks share instances: `shared`: as closely as the processor allows; `alone`:
 *   each has one to itself. The truth lies between.
 */
export function billOf(month: Month, packing: 'shared' | 'alone'): Bill {
  const { rotated, byCallers, batches, batchSeconds, connections } = month;
  const requests = rotated + byCallers;
  const firestore = firestoreOf(month);
  const busySeconds = (requests: number) =>
    (requests * assumed.processorMs) / 1_000 / assumed.utilisation;
  // A task mostly waits, and one instance does for many; however few they are, it is one.
  const shared = Math.max(busySeconds(rotated), Math.min(batchSeconds, monthSeconds));
  const tasks = packing === 'alone' ? Math.max(shared, batchSeconds) : shared;
  const callers = packing === 'alone' ? (byCallers * refreshMs) / 1_000 : busySeconds(byCallers);
  const instanceSeconds = tasks + callers + runsPerMonth * assumed.runSeconds;
  const usd = (name: Priced, amount: number) => (amount * prices[name].usd) / prices[name].per;
  return {
    firestoreReads: usd('firestoreReads', firestore.reads),
    firestoreWrites: usd('firestoreWrites', firestore.writes),
    firestoreStorage: usd('firestoreStorage', (connections * assumed.storedBytes) / gib),
    // Each is added and delivered.
    tasks: usd('tasks', 2 * batches),
    invocations: usd('invocations', batches + runsPerMonth),
    processor: usd('processor', instanceSeconds),
    memory: usd('memory', instanceSeconds * memoryGib),
    scheduler: usd('scheduler', 2),
    secretAccesses: usd('secretAccesses', instanceSeconds * assumed.accessesPerInstanceSecond),
    secretVersions: usd('secretVersions', 2),
    outbound: usd('outbound', (requests * assumed.outboundBytes) / gib),
  };
}

/** @returns US dollars. */
export function totalOf(bill: Bill): number {
  return Object.values(bill).reduce((sum, usd) => sum + usd, 0);
}
