import type { TokenSet } from '../oauth/token-set.ts';

/** At most this long before expiry a caller no longer gets the token: it must survive the call. */
const longestMarginMs = 30_000;

type Times = Pick<TokenSet, 'obtainedAt' | 'expiresAt'>;

/**
 * Whether a caller may still be given the access token. The margin is a tenth of the token's
 * lifetime, 30 s at most, so that tokens that live for seconds work as well.
 */
export function isFresh(times: Times, now: number): boolean {
  const { obtainedAt, expiresAt } = times;
  if (expiresAt === undefined) return true;
  return now < expiresAt - Math.min(longestMarginMs, (expiresAt - obtainedAt) / 10);
}

/** Whether the access token is still valid at all. */
export function isAlive({ expiresAt }: Pick<Times, 'expiresAt'>, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}
