import { assertSendable } from '../oauth/token-set.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import type { FreshTokenSet, TokenRequest } from '../refresh/engine.ts';
import { isFresh } from '../refresh/freshness.ts';

/** How long an opened token set may be used without looking at Firestore, at most and unless told. */
export const longestCacheSeconds = 60;
/** How many are kept; the one used longest ago makes room. */
const cacheSize = 10_000;

export interface TokenCache {
  /**
   * As `FreshTokenSet`, without a read where this instance opened the token set a moment ago.
   *
   * @throws StrongroomError also `provider_answer_invalid`: the token is of no type that can be sent.
   */
  readonly get: FreshTokenSet;
  /** Forgets a connection: it was disconnected. */
  forget(connectionId: string): void;
}

/**
 * Keeps opened token sets in memory for a minute at most; with 0 seconds none. A disconnect in another instance is
 * therefore noticed within a minute here; the provider, told at once, refuses the token meanwhile.
 */
export function createTokenCache(
  fresh: FreshTokenSet,
  clock: Clock,
  cacheSeconds = longestCacheSeconds,
): TokenCache {
  const kept = new Map<string, { opened: Opened; until: number }>();

  const find = ({ connectionId, uid, newerThan = 0 }: TokenRequest): Opened | undefined => {
    const entry = kept.get(connectionId);
    const now = clock.now();
    if (entry === undefined) return undefined;
    const { opened, until } = entry;
    // Refused; one that came in its place meanwhile stays.
    if (opened.uid === uid && opened.generation <= newerThan) {
      kept.delete(connectionId);
      return undefined;
    }
    const willDo = clock.ticks() < until && opened.uid === uid && isFresh(opened.tokenSet, now);
    return willDo ? opened : undefined;
  };

  const keep = (connectionId: string, opened: Opened): void => {
    // A read that took long must not hide what was refreshed since.
    const newer = kept.get(connectionId)?.opened.generation ?? 0;
    if (newer > opened.generation) return;
    kept.delete(connectionId);
    kept.set(connectionId, { opened, until: clock.ticks() + cacheSeconds * 1_000 });
    const oldest = kept.keys().next().value;
    if (kept.size > cacheSize && oldest !== undefined) kept.delete(oldest);
  };

  return {
    async get(request) {
      const found = find(request);
      const opened = found ?? (await fresh(request));
      if (found === undefined && cacheSeconds > 0) keep(request.connectionId, opened);
      // Kept all the same: asking the provider again would give no other.
      assertSendable(opened.tokenSet);
      return opened;
    },
    forget(connectionId) {
      kept.delete(connectionId);
    },
  };
}
