import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** At most this long before expiry a token is refreshed ahead of time. */
const longestLeadMs = 10 * 60_000;
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

/**
 * When rotation is to refresh: expiry − lead − jitter. The lead is the smaller of 10 minutes and a
 * fifth of the lifetime unless the provider's data says otherwise; the jitter, up to half the lead,
 * keeps a mass import from refreshing in one second for ever after.
 *
 * @param random uniform in [0, 1).
 * @returns undefined where there is nothing to refresh, or no telling when.
 */
export function refreshAtOf(
  tokenSet: Times & Pick<TokenSet, 'refreshToken'>,
  provider: Pick<Provider, 'life'>,
  random: () => number,
): number | undefined {
  const { obtainedAt, expiresAt, refreshToken } = tokenSet;
  if (refreshToken === undefined || expiresAt === undefined) return undefined;
  const told = provider.life.refreshLeadSeconds;
  const leadMs =
    told === undefined ? Math.min(longestLeadMs, (expiresAt - obtainedAt) / 5) : told * 1_000;
  return Math.round(expiresAt - leadMs - (random() * leadMs) / 2);
}
