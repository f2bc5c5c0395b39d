import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../platform/clock.ts';
import { hourMs, minuteMs } from '../platform/durations.ts';
import { IssuerUnavailable } from './bearer.ts';

/** How long keys are believed, and how often an issuer is asked for them. */
export const keyTimes = {
  /** After that they are fetched anew. */
  freshMs: 10 * minuteMs,
  /** So long they hold where that fails; then nobody is let in. */
  keptMs: 24 * hourMs,
  /** Between two fetches for keys that nobody knows: whoever makes up a `kid` causes no more. */
  unknownPauseMs: 30_000,
  /** After a fetch that failed. */
  failurePauseMs: 5_000,
} as const;

/**
 * The keys of an issuer, fetched when they are needed and kept. A new key is found at the first token
 * that names it. `createRemoteJWKSet` of `jose` does less: it drops the keys that it has as soon as
 * the issuer is down, and asks at every request until the issuer is back.
 *
 * @param keysIn which of a set's keys is to verify a token. Default: the one that the token names.
 * @throws IssuerUnavailable where the answer would have to be guessed.
 */
export function createKeySet(
  load: () => Promise<JSONWebKeySet>,
  clock: Pick<Clock, 'ticks'>,
  keysIn: (set: JSONWebKeySet) => JWTVerifyGetKey = createLocalJWKSet,
): JWTVerifyGetKey {
  let kept: { readonly keys: JWTVerifyGetKey; readonly at: number } | undefined;
  let loading: Promise<void> | undefined;
  let failedAt: number | undefined;
  let unknownAt = Number.NEGATIVE_INFINITY;

  const reload = async (): Promise<void> => {
    try {
      const keys = keysIn(await load());
      kept = { keys, at: clock.ticks() };
      failedAt = undefined;
    } catch {
      failedAt = clock.ticks();
    }
  };
  /** One fetch at a time, which all wait for. */
  const fetchAnew = (): Promise<void> => {
    const pauses = failedAt !== undefined && clock.ticks() - failedAt < keyTimes.failurePauseMs;
    if (loading === undefined && pauses) return Promise.resolve();
    loading ??= reload().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  const current = () => {
    if (kept === undefined || clock.ticks() - kept.at >= keyTimes.keptMs) {
      throw new IssuerUnavailable('The issuer gives no keys.');
    }
    return kept;
  };

  return async (header, token) => {
    const before = kept;
    if (before === undefined || clock.ticks() - before.at >= keyTimes.freshMs) await fetchAnew();
    const { keys, at } = current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const isNew = before?.at !== at;
      if (loading === undefined && !isNew) {
        if (clock.ticks() - unknownAt >= keyTimes.unknownPauseMs) {
          unknownAt = clock.ticks();
          await fetchAnew();
        }
      } else await loading;
    }
    // Perhaps one that came since.
    if (failedAt !== undefined) throw new IssuerUnavailable('The issuer gives no newer keys.');
    return current().keys(header, token);
  };
}
