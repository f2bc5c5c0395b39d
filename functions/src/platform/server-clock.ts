import { type Clock, systemClock } from './clock.ts';

/** A clock that is set by the time that a server tells in its answers. */
export interface ServerClock extends Clock {
  /** Whether an answer has set it yet. */
  isSet(): boolean;
  /**
   * Asks the server, and sets the clock by its answer.
   *
   * @param timeOf the server's time in an answer, in milliseconds since the epoch; undefined where
   *   it told none.
   */
  timed<T>(ask: () => Promise<T>, timeOf: (answer: T) => number | undefined): Promise<T>;
}

/**
 * The time of a server, so that processes that share one agree on it however wrong their own clocks
 * are. Between answers it goes on by a count that never jumps. It is off by the duration of the last
 * exchange at most: an answer's time lies between the question and the answer, so whatever estimate
 * lies there as well is kept, and any other is moved by as little as will do.
 *
 * @param local what the time is taken from until the first answer, and what counts in between.
 */
export function createServerClock(local: Clock = systemClock): ServerClock {
  let aheadOfTicks: number | undefined;
  const now = () =>
    aheadOfTicks === undefined ? local.now() : Math.round(local.ticks() + aheadOfTicks);
  return {
    now,
    ticks: local.ticks,
    sleep: local.sleep,
    isSet: () => aheadOfTicks !== undefined,
    async timed(ask, timeOf) {
      const askedAt = local.ticks();
      const answer = await ask();
      const told = timeOf(answer);
      if (told === undefined) return answer;
      const [earliest, latest] = [told - local.ticks(), told - askedAt];
      aheadOfTicks = Math.min(Math.max(aheadOfTicks ?? earliest, earliest), latest);
      return answer;
    },
  };
}
