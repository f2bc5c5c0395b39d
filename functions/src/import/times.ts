import { needsReauthAtOf, redate } from '../refresh/calendar.ts';
import { idleEndOf, type Limits, refreshAtOf } from '../refresh/due.ts';
import { granted } from '../refresh/schedule.ts';
import type { Importable } from './importable.ts';

/** Over how long the first refreshes of an import are spread. */
export const spreadMs = 6 * 60 * 60_000;

/**
 * What an imported connection's documents say of times to come. Its refresh is due as any other's
 * (`refresh/due.ts`), but for one that would be due at once, or whose tokens' end nobody knows: those
 * are spread over the first six hours, or over half of what is left of the refresh token's idle limit,
 * so that an import does not refresh in one second. The age of the grant counts from the tokens' own
 * where that is known, and from now where it is not.
 *
 * @param random uniform in [0, 1).
 */
export function importTimes(
  { tokenSet, isAgeKnown }: Pick<Importable, 'tokenSet' | 'isAgeKnown'>,
  provider: Limits,
  now: number,
  random: () => number,
) {
  const past = { ...granted(now), grantedAt: Math.min(now, tokenSet.obtainedAt) };
  const regular = refreshAtOf(tokenSet, provider, past.usedAt, random);
  const idleEnd = idleEndOf(tokenSet, provider);
  const spread = idleEnd === null ? spreadMs : Math.min(spreadMs, Math.max(0, idleEnd - now) / 2);
  const refreshAt = isDueSoon(tokenSet, isAgeKnown, provider, regular, now)
    ? Math.floor(now + random() * spread)
    : regular;
  const needsReauthAt = needsReauthAtOf(tokenSet, provider, past, refreshAt);
  const { vault, status } = redate(past, needsReauthAt, now);
  return { vault: { ...past, refreshAt, ...vault }, status };
}

function isDueSoon(
  { refreshToken, expiresAt }: Importable['tokenSet'],
  isAgeKnown: boolean,
  { life, rotate }: Limits,
  regular: number | null,
  now: number,
): boolean {
  if (refreshToken === undefined) return false;
  if (regular !== null && regular <= now) return true;
  // Its idle limit may be nearly reached.
  if (!isAgeKnown && life.refreshTokenIdleSeconds !== undefined) return true;
  return rotate.policy !== 'keep-alive' && (expiresAt === undefined || expiresAt <= now);
}
