import { type Clock, systemClock } from '../../src/platform/clock.ts';

/** The real time, and as much more as a test asks for. */
export interface TestClock extends Clock {
  /** Moves the time on, in milliseconds; it never goes back. */
  advance(deltaMs: number): void;
}

export function createTestClock(): TestClock {
  let aheadMs = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    ticks: () => systemClock.now() + aheadMs,
    advance(deltaMs) {
      aheadMs += deltaMs;
    },
  };
}

/**
 * That clock, for one who waits alone: to sleep is to move the time on.
 *
 * @param meanwhile what happens during a sleep.
 */
export function leapingClock(
  clock: TestClock,
  meanwhile: (delayMs: number) => Promise<void> = async () => {},
): Clock {
  return {
    ...clock,
    async sleep(delayMs) {
      await meanwhile(delayMs);
      clock.advance(Math.ceil(delayMs));
    },
  };
}
