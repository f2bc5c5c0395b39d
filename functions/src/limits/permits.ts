import { unavailable } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { LimitCells } from '../store/limit-store.ts';
import type { Stored } from '../store/stored.ts';
import { grant } from './grant.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type Counted, sliceEndsAfterMs, sliceMs, sliceOf } from './window.ts';

/** An allowance that all instances share, and who asks of it. */
export interface Asking {
  /** The document that counts it. */
  readonly id: string;
  /** How many requests in a minute there may be, until callers of this kind get no more. */
  readonly ceiling: number;
  /** So many of a minute each instance gives without asking, and tells of only when it asks. */
  readonly unasked: number;
}

export interface Permit {
  readonly isGiven: boolean;
  /** How many more there are, as far as this instance knows. */
  readonly left: number;
  /** Until there are more, in milliseconds; 0: nothing is used. */
  readonly renewedAfterMs: number;
  /** How many this instance gave in the last minute. */
  readonly used: number;
  /** The slice of time that it is counted in. */
  readonly slice: number;
}

export interface Permits {
  /**
   * Takes one, mostly without Firestore: 1 write for a block of them, and 1 read where another
   * instance was there meanwhile. Never throws: while Firestore cannot tell, this instance keeps to the
   * ceiling by its own count.
   */
  take(asking: Asking): Promise<Permit>;
  /** Puts back what was not used. */
  giveBack(asking: Asking, permit: Permit): void;
}

interface PermitDependencies {
  readonly cells: LimitCells<Counted>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Requests that wait for the same block. */
interface Flight {
  need: number;
  readonly done: Promise<void>;
}

interface Entry {
  readonly ledger: Ledger;
  /** The shared count as this instance wrote it; undefined: it must be read. */
  stored: Stored<Counted> | undefined;
  /** By ceiling. */
  readonly flights: Map<number, Flight>;
  /** By ceiling, in ticks: nobody asks before. */
  readonly emptyUntil: Map<number, number>;
  /** In ticks: Firestore is not asked before. */
  aloneUntil: number;
}

/** Of how many allowances an instance knows; the one used longest ago makes room. */
const mostEntries = 10_000;
/** Whoever has not heard from Firestore by then counts alone. */
const patienceMs = 5_000;
/** Others were faster each time: what comes so often is too much anyway. */
const mostAttempts = 10;
const longestMs = 10_000;
const attemptPauseMs = 30;
const crowdedMs = 1_000;

const late = () => unavailable('firestore');

/** Allowances in this instance, filled block by block from what all instances share. */
export function createPermits({ cells, clock, random }: PermitDependencies): Permits {
  const entries = new Map<string, Entry>();

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id) ?? newEntry(clock);
    entries.delete(id);
    entries.set(id, entry);
    const oldest = entries.keys().next().value;
    if (entries.size > mostEntries && oldest !== undefined) entries.delete(oldest);
    return entry;
  };

  /** Asks for a block for all who wait. What is given, or that nothing is, stands in the entry. */
  const lease = async (entry: Entry, { id, ceiling }: Asking): Promise<void> => {
    const { ledger, flights, emptyUntil } = entry;
    const latestAt = clock.ticks() + longestMs;
    for (let attempt = 0; attempt < mostAttempts && clock.ticks() < latestAt; attempt += 1) {
      const remembered = entry.stored;
      entry.stored = undefined;
      const found = remembered ?? (await within(patienceMs, cells.read(id), late));
      const now = clock.now();
      const corrections = ledger.owed();
      const need = flights.get(ceiling)?.need ?? 1;
      const asked = { need, want: ledger.wanted(ceiling), ceiling, corrections };
      const { counted, granted } = grant(found?.document, asked, now);
      const until = clock.ticks() + sliceEndsAfterMs(counted, now);
      // Counted by a clock that was wrong: by the right one it is over some time.
      const isAhead = found !== undefined && found.document.slice > counted.slice;
      if (granted > 0 || isAhead) {
        ledger.hand(corrections);
        entry.stored = await within(patienceMs, cells.write(id, found, counted, now), late);
        if (entry.stored === undefined) {
          await clock.sleep(attemptPauseMs * (attempt + random()));
          continue;
        }
        ledger.settle(corrections);
        ledger.see(counted);
      } else if (remembered !== undefined) {
        // It may be out of date: no is said after a look only.
        continue;
      } else {
        ledger.see(found?.document ?? counted);
      }
      if (granted > 0) {
        ledger.fill(ceiling, { left: granted, size: granted, slice: counted.slice, until });
      } else {
        const pauseMs = sliceEndsAfterMs({ ...counted, slice: sliceOf(now) }, now);
        emptyUntil.set(ceiling, clock.ticks() + pauseMs);
      }
      return;
    }
    emptyUntil.set(ceiling, clock.ticks() + crowdedMs);
  };

  const join = (entry: Entry, asking: Asking): Promise<void> => {
    const { flights } = entry;
    const flight = flights.get(asking.ceiling);
    if (flight !== undefined) {
      flight.need += 1;
      return flight.done;
    }
    // In a moment: so that those who come with this one are counted.
    const done = Promise.resolve()
      .then(() => lease(entry, asking))
      .catch((error: unknown) => {
        log.limitNotShared(asking.id, error);
        entry.aloneUntil = clock.ticks() + sliceMs;
      })
      .finally(() => flights.delete(asking.ceiling));
    flights.set(asking.ceiling, { need: 1, done });
    return done;
  };

  return {
    async take(asking) {
      const { ceiling, unasked } = asking;
      const entry = entryOf(asking.id);
      const { ledger, emptyUntil } = entry;
      for (;;) {
        const isAlone = clock.ticks() < entry.aloneUntil;
        const slice =
          ledger.useBlock(ceiling) ??
          ledger.useUnasked(isAlone ? ceiling : Math.min(unasked, ceiling));
        const isEmpty = clock.ticks() < (emptyUntil.get(ceiling) ?? 0);
        const isGiven = slice !== undefined;
        if (isGiven || isAlone || isEmpty) {
          return { isGiven, slice: slice ?? 0, ...ledger.show(ceiling) };
        }
        await join(entry, asking);
      }
    },

    giveBack({ id, ceiling }, { slice }) {
      entryOf(id).ledger.giveBack(ceiling, slice);
    },
  };
}

function newEntry(clock: Clock): Entry {
  return {
    ledger: createLedger(clock),
    stored: undefined,
    flights: new Map(),
    emptyUntil: new Map(),
    aloneUntil: 0,
  };
}
