import type { Clock } from '../src/platform/clock.ts';

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(now = Date.parse('2026-01-01T00:00:00Z')): ManualClock {
  return {
    now: () => now,
    ticks: () => now,
    sleep: async (delayMs) => {
      now += delayMs;
    },
    advance(ms) {
      now += ms;
    },
  };
}
