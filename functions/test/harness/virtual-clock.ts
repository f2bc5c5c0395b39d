import type { Clock } from '../../src/platform/clock.ts';

/** A clock whose time passes only when everybody who runs on it waits for it. */
export interface VirtualClock extends Clock {
  /** Lets time pass until a piece of work is done; it may wait for nothing but this clock. */
  run<T>(work: Promise<T>): Promise<T>;
}

export function createVirtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = startAt;
  const sleepers: { readonly wakeAt: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    ticks: () => now,
    sleep: (delayMs) =>
      new Promise((wake) => void sleepers.push({ wakeAt: now + Math.max(0, delayMs), wake })),
    async run(work) {
      let isDone = false;
      const done = () => {
        isDone = true;
      };
      work.then(done, done);
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (isDone) return work;
        sleepers.sort((one, other) => one.wakeAt - other.wakeAt);
        const next = sleepers.shift();
        if (next === undefined) throw new Error('Everybody waits, and nobody for the time.');
        now = Math.max(now, next.wakeAt);
        next.wake();
      }
    },
  };
}
