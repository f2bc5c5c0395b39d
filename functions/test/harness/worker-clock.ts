import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../src/platform/clock.ts';

/** What a worker's clock shows beside the real time, in milliseconds. */
export interface Times {
  /** Time that has passed beyond the real one, as a test's clock has it. */
  readonly aheadMs: number;
  /** What its system's time of day is wrong by; what counts is right. */
  readonly skewMs: number;
}

/** Sets the clock that reads that file. Seen at once, also by a process that has stood still. */
export function writeTimes(file: string, times: Times): void {
  writeFileSync(`${file}.new`, JSON.stringify(times));
  renameSync(`${file}.new`, file);
}

/** A clock that another process sets, by a file. */
export function clockOf(file: string): Clock {
  const times = (): Times => JSON.parse(readFileSync(file, 'utf8'));
  return {
    ...systemClock,
    now() {
      const { aheadMs, skewMs } = times();
      return systemClock.now() + aheadMs + skewMs;
    },
    ticks: () => systemClock.ticks() + times().aheadMs,
  };
}
