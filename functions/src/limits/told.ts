import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import type { Clock } from '../platform/clock.ts';

/** What providers themselves said of coming back later. */
export interface Told {
  /** When this path of a connection may be asked again, in ticks; undefined: at any time. */
  until(connectionId: string, path: string): number | undefined;
  note(connectionId: string, path: string, answer: Answer): void;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Pause {
  readonly path: string;
  /** For whatever is asked of the connection. */
  readonly isForAll: boolean;
  readonly until: number;
}

/** Of how many connections that is known; the one told first makes room. */
const mostNoted = 10_000;
/** Nobody is kept waiting longer by one answer. */
const longestMs = 15 * 60_000;

/**
 * Remembers `429` with `Retry-After`, so that a provider is not asked what it would refuse. Many count
 * each method of their API apart: the path that was refused rests; once a second one is refused
 * meanwhile, the whole connection does. By instance: each learns it by one request.
 */
export function createTold(clock: Clock): Told {
  const pauses = new Map<string, Pause>();

  const find = (connectionId: string): Pause | undefined => {
    const pause = pauses.get(connectionId);
    if (pause === undefined || clock.ticks() < pause.until) return pause;
    pauses.delete(connectionId);
    return undefined;
  };

  return {
    until(connectionId, path) {
      const pause = find(connectionId);
      return pause?.isForAll === true || pause?.path === path ? pause.until : undefined;
    },
    note(connectionId, path, { status, headers }) {
      if (status !== 429) return;
      const seconds = retryAfterSecondsOf({ get: (name) => textOf(headers[name]) });
      if (seconds === undefined) return;
      const before = find(connectionId);
      const isForAll = before !== undefined && (before.isForAll || before.path !== path);
      const until = clock.ticks() + Math.min(seconds * 1_000, longestMs);
      pauses.delete(connectionId);
      pauses.set(connectionId, { path, isForAll, until: Math.max(until, before?.until ?? 0) });
      const oldest = pauses.keys().next().value;
      if (pauses.size > mostNoted && oldest !== undefined) pauses.delete(oldest);
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
