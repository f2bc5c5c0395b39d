import { StrongroomError } from '../../errors.ts';
import type { Clock } from '../../platform/clock.ts';

/** How many credentials of a user may be refused, and for how long that counts. */
const mostRefusals = 10;
const countedMs = 10 * 60_000;
/** Of how many users that is known; the one noted first makes room. */
const mostNoted = 10_000;

/**
 * Keeps whoever tries passwords of others from doing so by our hand. Counts in each instance for itself.
 *
 * @returns what to call once they were not refused: until then they count as if they were, so that many
 *   at once are no way around it.
 * @throws StrongroomError `rate_limited`
 */
export type RefusalLimit = (uid: string) => () => void;

export function createRefusalLimit(clock: Pick<Clock, 'ticks'>): RefusalLimit {
  const noted = new Map<string, { count: number; until: number }>();
  return (uid) => {
    const now = clock.ticks();
    const found = noted.get(uid);
    const entry = found !== undefined && now < found.until ? found : { count: 0, until: 0 };
    if (entry.count >= mostRefusals) {
      throw new StrongroomError(
        'rate_limited',
        `Credentials were refused ${mostRefusals} times. Try again later.`,
        { retryAfterSeconds: Math.ceil((entry.until - now) / 1_000) },
      );
    }
    entry.count += 1;
    entry.until = now + countedMs;
    noted.delete(uid);
    noted.set(uid, entry);
    const oldest = noted.keys().next().value;
    if (noted.size > mostNoted && oldest !== undefined) noted.delete(oldest);
    return () => {
      entry.count -= 1;
    };
  };
}
