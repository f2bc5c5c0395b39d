import { unavailable } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { HeldSlots, LimitCells } from '../store/limit-store.ts';
import type { Stored } from '../store/stored.ts';
import { hold, without } from './held.ts';

/** Whose calls are counted, and how many of them may be under way. */
export interface SlotAsking {
  /** The document that counts them. */
  readonly id: string;
  readonly limit: number;
  /** Whether all instances together keep to it. Otherwise each does. */
  readonly isShared: boolean;
  /** When the call must be over; in ticks. */
  readonly deadlineAt: number;
  /** Waits that long, for who would rather wait for a place until then than have none. */
  readonly wait?: ((delayMs: number) => Promise<void>) | undefined;
}

export interface Slot {
  /** The call is over. Never throws. 1 write, where this was the last of several. */
  release(): Promise<void>;
}

export interface Slots {
  /**
   * A place for one call, in turn; undefined: all are taken. One call at a time costs nothing: it is the
   * second of one user in one instance for which the places are held in Firestore. While Firestore cannot
   * tell, each instance keeps to the limit by itself.
   *
   * @throws what `wait` throws.
   */
  take(asking: SlotAsking): Promise<Slot | undefined>;
}

interface SlotDependencies {
  readonly cells: LimitCells<HeldSlots>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A fresh identifier, for this instance. */
  readonly newId: () => string;
}

interface Entry {
  running: number;
  /** How many of the shared ones are held for it, and until when, in ticks. */
  held: number;
  heldUntil: number;
  stored: Stored<HeldSlots> | undefined;
  /** Calls that wait for the flight. */
  waiting: number;
  /** What asks Firestore now: one thing at a time. */
  flight: Promise<void> | undefined;
  /** In ticks: nobody asks before. */
  fullUntil: number;
  aloneUntil: number;
  /** Those who wait for a place, first come first served. */
  readonly queue: (() => void)[];
  /** Those, and whoever was woken and has not looked yet. */
  queued: number;
}

/** Whoever has not heard from Firestore by then counts alone: at the beginning of a call, at its end. */
const patienceMs = 5_000;
const partingMs = 1_000;
const mostAttempts = 10;
const attemptPauseMs = 30;
/** How soon to look again whether others have given places back. */
export const lookAgainMs = 1_000;
/** So long beyond the end of the call it is asked for, so that the next need not ask. */
const spareMs = 60_000;
/** No function runs for longer. */
const longestMs = 3_600_000;
const aloneMs = 15_000;

const late = () => unavailable('firestore');

/** Places for calls: a semaphore for each user, shared by instances where it has to be. */
export function createSlots({ cells, clock, random, newId }: SlotDependencies): Slots {
  const entries = new Map<string, Entry>();
  const instance = `i${newId()}`;

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id) ?? newEntry();
    entries.set(id, entry);
    return entry;
  };

  /** Compare and set, until nobody was faster. `change` gives nothing where nothing is to be written. */
  const update = async (
    id: string,
    entry: Entry,
    timeoutMs: number,
    change: (found: HeldSlots | undefined) => HeldSlots | undefined,
  ): Promise<boolean> => {
    const latestAt = clock.ticks() + 2 * timeoutMs;
    for (let attempt = 0; attempt < mostAttempts && clock.ticks() < latestAt; attempt += 1) {
      const remembered = entry.stored;
      entry.stored = undefined;
      const found = remembered ?? (await within(timeoutMs, cells.read(id), late));
      const changed = change(found?.document);
      if (changed === undefined) {
        // What was remembered may be out of date: no is said after a look only.
        if (remembered !== undefined) continue;
        return false;
      }
      entry.stored = await within(timeoutMs, cells.write(id, found, changed, clock.now()), late);
      if (entry.stored !== undefined) return true;
      await clock.sleep(attemptPauseMs * (attempt + random()));
    }
    return false;
  };

  const lease = async (entry: Entry, { id, limit, deadlineAt }: SlotAsking): Promise<void> => {
    let slots = 0;
    let heldUntil = 0;
    const isHeld = await update(id, entry, patienceMs, (found) => {
      const now = clock.now();
      const need = entry.running + entry.waiting;
      const leftMs = Math.min(Math.max(0, deadlineAt - clock.ticks()), longestMs) + spareMs;
      heldUntil = clock.ticks() + leftMs;
      const outcome = hold(found, { instance, need, limit, until: now + leftMs }, now);
      ({ slots } = outcome);
      return slots > entry.running ? outcome.held : undefined;
    });
    if (isHeld) {
      entry.held = slots;
      entry.heldUntil = heldUntil;
    } else {
      entry.fullUntil = clock.ticks() + lookAgainMs;
    }
  };

  const giveBack = async (id: string, entry: Entry): Promise<void> => {
    await update(id, entry, partingMs, (found) => without(found, instance, clock.now()));
  };

  /** One thing at a time. */
  const fly = (id: string, entry: Entry, work: () => Promise<void>): Promise<void> => {
    entry.flight ??= Promise.resolve()
      .then(work)
      .catch((error: unknown) => {
        log.limitNotShared(id, error);
        entry.stored = undefined;
        entry.aloneUntil = clock.ticks() + aloneMs;
      })
      .finally(() => {
        entry.flight = undefined;
      });
    return entry.flight;
  };

  const release = async (id: string, entry: Entry): Promise<void> => {
    entry.running -= 1;
    entry.queue.shift()?.();
    if (entry.running > 0 || entry.queued > 0) return;
    // What is under way may hold places for a call that is over.
    while (entry.flight !== undefined) await entry.flight;
    if (entry.running > 0) return;
    // Where Firestore does not take them back, they come back by themselves.
    if (entry.held > 0 && clock.ticks() >= entry.aloneUntil) {
      entry.held = 0;
      await fly(id, entry, () => giveBack(id, entry));
    }
    forget(id, entry);
  };

  /** Whoever has nothing under way takes no memory. */
  const forget = (id: string, { running, waiting, queued, flight }: Entry): void => {
    const isIdle = running === 0 && waiting === 0 && queued === 0 && flight === undefined;
    if (isIdle) entries.delete(id);
  };

  /** Resolves when a call of those ends in this instance, or else with `atLatest`. */
  const turn = async ({ queue }: Entry, atLatest: Promise<void>): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.push(resolve);
    try {
      await Promise.race([promise, atLatest]);
    } finally {
      // Who no longer waits must not be woken in another's place.
      const place = queue.indexOf(resolve);
      if (place !== -1) queue.splice(place, 1);
    }
  };

  /** Whether there is a place that is this instance's to give; undefined: it must ask. */
  const hasPlace = (entry: Entry, { limit, isShared, deadlineAt }: SlotAsking) => {
    if (entry.running >= limit) return false;
    // The first of an instance is not asked for.
    if (!isShared || entry.running === 0) return true;
    const now = clock.ticks();
    if (now < entry.aloneUntil) return true;
    const isHeld = entry.running < entry.held && deadlineAt <= entry.heldUntil;
    if (isHeld) return true;
    return now < entry.fullUntil ? false : undefined;
  };

  return {
    async take(asking) {
      const { id } = asking;
      for (;;) {
        const entry = entryOf(id);
        const place = hasPlace(entry, asking);
        if (place === true) {
          entry.running += 1;
          let isOver = false;
          return {
            async release() {
              if (isOver) return;
              isOver = true;
              await release(id, entry);
            },
          };
        }
        if (place === false) {
          const waitMs = Math.min(lookAgainMs, asking.deadlineAt - clock.ticks());
          if (asking.wait === undefined || waitMs <= 0) return undefined;
          entry.queued += 1;
          try {
            await turn(entry, asking.wait(waitMs));
          } finally {
            entry.queued -= 1;
            forget(id, entry);
          }
          continue;
        }
        entry.waiting += 1;
        try {
          await fly(id, entry, () => lease(entry, asking));
        } finally {
          entry.waiting -= 1;
        }
      }
    },
  };
}

function newEntry(): Entry {
  return {
    running: 0,
    held: 0,
    heldUntil: 0,
    stored: undefined,
    waiting: 0,
    flight: undefined,
    fullUntil: 0,
    aloneUntil: 0,
    queue: [],
    queued: 0,
  };
}
