import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import type { Clock } from '../platform/clock.ts';
import type { RateLimit } from '../providers/api-schema.ts';

/** What providers themselves said of coming back later. */
export interface Told {
  /** When this path of a connection may be asked again, in ticks; undefined: at any time. */
  until(connectionId: string, path: string): number | undefined;
  /** @param shape how the API tells, where not by `Retry-After` alone. */
  note(connectionId: string, path: string, answer: Answer, shape?: RateLimit): void;
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
 * Remembers `429` with `Retry-After`, or what the provider's settings say in its place (`rateLimit`),
 * so that a provider is not asked what it would refuse. Many count each method of their API apart: the
 * path that was refused rests; once a second one is refused meanwhile, the whole connection does. By
 * instance: each learns it by one request.
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
    note(connectionId, path, answer, shape) {
      const afterMs = pauseMsOf(answer, shape, clock.now());
      if (afterMs === undefined) return;
      const before = find(connectionId);
      const isForAll = before !== undefined && (before.isForAll || before.path !== path);
      const until = clock.ticks() + Math.min(afterMs, longestMs);
      pauses.delete(connectionId);
      pauses.set(connectionId, { path, isForAll, until: Math.max(until, before?.until ?? 0) });
      const oldest = pauses.keys().next().value;
      if (pauses.size > mostNoted && oldest !== undefined) pauses.delete(oldest);
    },
  };
}

/** How long a refusal says to stay away, in milliseconds; undefined: it is none, or does not tell. */
function pauseMsOf(answer: Answer, shape: RateLimit | undefined, now: number): number | undefined {
  const { status, headers } = answer;
  const statuses: readonly number[] = shape?.statuses ?? [429];
  if (!statuses.includes(status)) return undefined;
  const get = (name: string) => textOf(headers[name]);
  const seconds = retryAfterSecondsOf({ get });
  if (seconds !== undefined) return seconds * 1_000;
  if (shape === undefined) return undefined;
  const { remaining, reset, resetIs } = shape;
  // Of these statuses, 429 alone is about nothing else.
  if (status !== 429 && remaining !== undefined && get(remaining) !== '0') return undefined;
  const sentAt = Date.parse(get('date') ?? '') || now;
  const pauseMs = msUntil[resetIs](get(reset) ?? '', sentAt);
  return pauseMs > 0 ? pauseMs : undefined;
}

/** From when an answer was sent, in milliseconds; NaN: it does not tell. */
const msUntil: Readonly<Record<RateLimit['resetIs'], (told: string, sentAt: number) => number>> = {
  seconds: (told) => numberIn(told) * 1_000,
  'epoch-seconds': (told, sentAt) => numberIn(told) * 1_000 - sentAt,
  'epoch-milliseconds': (told, sentAt) => numberIn(told) - sentAt,
  'iso-8601': (told, sentAt) => (/^\d{4}-\d\d-\d\dT/.test(told) ? Date.parse(told) - sentAt : NaN),
};

function numberIn(told: string): number {
  return /^\d{1,15}(\.\d{1,9})?$/.test(told) ? Number(told) : Number.NaN;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim() : undefined;
}
