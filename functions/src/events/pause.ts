import { longestPauseMs, shortestPauseMs } from './periods.ts';

/**
 * How long after its nth failure an event is tried again: a minute, doubled each time, an hour at
 * most, and less by up to a half, so that what failed together does not come back together. What the
 * receiver asks for is honoured.
 *
 * @param random uniform in [0, 1).
 */
export function pauseMsOf(
  attempts: number,
  retryAfterSeconds: number | undefined,
  random: () => number,
): number {
  const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (attempts - 1));
  const asked = (retryAfterSeconds ?? 0) * 1_000;
  return Math.max(asked, Math.round(pauseMs * (1 - random() / 2)));
}
