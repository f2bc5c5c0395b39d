import type { TokenSet } from '../oauth/token-set.ts';
import { dayMs } from '../platform/durations.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** At most this long before expiry an access token is refreshed ahead of time. */
const longestLeadMs = 10 * 60_000;
/** At most this long before the idle end a refresh token is used to keep it alive. */
const longestIdleLeadMs = 7 * dayMs;
/** The period of `rotateTokens`: what lives shorter cannot be kept fresh by it. */
const shortestKeptMs = 60_000;

export type Limits = Pick<Provider, 'life' | 'rotate'>;

/** What of a token set decides when it is refreshed. */
export type Timed = Pick<
  TokenSet,
  | 'obtainedAt'
  | 'expiresAt'
  | 'refreshToken'
  | 'refreshTokenExpiresAt'
  | 'refreshTokenEndIsFixed'
  | 'credentials'
>;

/** Whether another can be got without its user. */
export function isRenewable({ refreshToken, credentials }: Timed): boolean {
  return refreshToken !== undefined || credentials !== undefined;
}

/**
 * When rotation is to refresh, by the provider's policy:
 * - `always`: expiry − lead − jitter, or earlier where the refresh token's idle limit demands it;
 * - `used`: the same, unless that is later than `usedWithinDays` after the last use;
 * - `keep-alive`: when the idle limit demands it, and only then.
 *
 * The lead is the smaller of 10 minutes and a fifth of the lifetime, unless the provider's data says
 * otherwise (half of the lifetime at most); before an idle end it is the smaller of 7 days and half
 * of the limit. The jitter, up to half the lead, keeps a mass import from refreshing in one second
 * for ever after. What lives for less than a minute is left to callers.
 *
 * @param usedAt when a caller last used the connection.
 * @param random uniform in [0, 1).
 * @returns null where there is nothing to refresh, no telling when, or nobody to refresh for.
 */
export function refreshAtOf(
  tokenSet: Timed,
  provider: Limits,
  usedAt: number,
  random: () => number,
): number | null {
  if (!isRenewable(tokenSet)) return null;
  const dice = random();
  const { policy, usedWithinDays } = provider.rotate;
  const keepAliveAt = keepAliveTime(tokenSet, provider, dice);
  if (policy === 'keep-alive') return keepAliveAt;
  const at = earliest([aheadOfExpiry(tokenSet, provider, dice), keepAliveAt]);
  const isDormant = policy === 'used' && at !== null && at > usedAt + usedWithinDays * dayMs;
  return isDormant ? null : at;
}

function aheadOfExpiry(tokenSet: Timed, { life }: Limits, dice: number): number | null {
  const { obtainedAt, expiresAt } = tokenSet;
  if (expiresAt === undefined) return null;
  const lifetimeMs = expiresAt - obtainedAt;
  if (lifetimeMs < shortestKeptMs) return null;
  const told = life.refreshLeadSeconds;
  const leadMs =
    told === undefined
      ? Math.min(longestLeadMs, lifetimeMs / 5)
      : Math.min(told * 1_000, lifetimeMs / 2);
  return before(expiresAt, leadMs, dice);
}

function keepAliveTime(tokenSet: Timed, provider: Limits, dice: number): number | null {
  const end = idleEndOf(tokenSet, provider);
  const limitMs = end === null ? 0 : end - tokenSet.obtainedAt;
  if (end === null || limitMs < shortestKeptMs) return null;
  return before(end, Math.min(longestIdleLeadMs, limitMs / 2), dice);
}

/** `end` − lead − jitter. */
function before(end: number, leadMs: number, dice: number): number {
  return Math.floor(end - leadMs - (dice * leadMs) / 2);
}

/**
 * When the refresh token dies unless it is used before: by the provider's settings, or by what its
 * answer told, whichever is earlier.
 */
export function idleEndOf(tokenSet: Timed, { life }: Limits): number | null {
  const { obtainedAt, refreshToken, refreshTokenExpiresAt, refreshTokenEndIsFixed } = tokenSet;
  if (refreshToken === undefined) return null;
  const idleSeconds = life.refreshTokenIdleSeconds;
  return earliest([
    idleSeconds === undefined ? null : obtainedAt + idleSeconds * 1_000,
    refreshTokenEndIsFixed === true ? null : (refreshTokenExpiresAt ?? null),
  ]);
}

/** The first of these times that is known. */
export function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
