import { dayMs } from '../platform/durations.ts';
import type { StatusDocument, VaultDocument } from '../store/documents.ts';
import { earliest, idleEndOf, isRenewable, type Limits, refreshAtOf, type Timed } from './due.ts';

/** How many days ahead of its end the user is warned of it. */
const warningsInDays = [14, 3] as const;
export type WarningDays = (typeof warningsInDays)[number];
/** What ends sooner than that is over before a warning would be read. */
const shortestWarnedMs = dayMs;
/** Later is never. */
const longestForeseenMs = 100 * 366 * dayMs;

/** What has become of a grant since its user consented. */
export type History = Pick<VaultDocument, 'grantedAt' | 'refreshes'>;

/** When a connection needs its user although nothing is wrong, and when he is warned of it next. */
export type Dates = Pick<VaultDocument, 'needsReauthAt' | 'warnAt'>;

export const undated: Dates = { needsReauthAt: null, warnAt: null };

/**
 * When the grant will end although nothing is wrong: the earliest of
 * - the absolute limit, by the provider's data or because the end that its answers tell stays put;
 * - the idle end, where rotation will not use the refresh token before;
 * - the end of the last access token that the count limit leaves;
 * - the end of the access token, where there is no refresh token.
 *
 * @param refreshAt when rotation refreshes next, or null.
 * @returns null where nothing is known.
 */
export function needsReauthAtOf(
  tokenSet: Timed,
  provider: Limits,
  history: History,
  refreshAt: number | null,
): number | null {
  const { refreshToken, obtainedAt, expiresAt = null } = tokenSet;
  if (!isRenewable(tokenSet)) return expiresAt;
  // What it is asked for with has no end that is known.
  if (refreshToken === undefined) return null;
  const { life } = provider;
  const absoluteSeconds = life.refreshTokenAbsoluteSeconds;
  const idleEnd = idleEndOf(tokenSet, provider);
  const isKeptAlive = refreshAt !== null && idleEnd !== null && refreshAt < idleEnd;
  const end = earliest([
    absoluteSeconds === undefined ? null : history.grantedAt + absoluteSeconds * 1_000,
    tokenSet.refreshTokenEndIsFixed === true ? (tokenSet.refreshTokenExpiresAt ?? null) : null,
    isKeptAlive ? null : idleEnd,
    countEndOf(tokenSet, provider, history),
  ]);
  return end !== null && end - obtainedAt > longestForeseenMs ? null : end;
}

/** The last access token's end, if every one is refreshed when rotation does it on average. */
function countEndOf(tokenSet: Timed, provider: Limits, { refreshes }: History): number | null {
  const { obtainedAt, expiresAt } = tokenSet;
  const { refreshTokenMaxUses } = provider.life;
  if (refreshTokenMaxUses === undefined || expiresAt === undefined) return null;
  const left = Math.max(0, refreshTokenMaxUses - refreshes);
  const refreshAt = refreshAtOf(tokenSet, provider, obtainedAt, () => 0.5) ?? expiresAt;
  return expiresAt + left * (Math.min(refreshAt, expiresAt) - obtainedAt);
}

/** What the vault and the status document are to say of a new date. */
export interface Redated {
  readonly vault: Dates;
  /** Nothing where no person would notice a difference. */
  readonly status: Partial<StatusDocument>;
}

/**
 * Moves a connection's date. One that moves by less than a day, and by less than a tenth of the time
 * left, stays as it was. A warning that was given for the old date counts for the new one as long as
 * that is no further away than the warning says; otherwise the warnings start anew.
 */
export function redate(before: Dates, needsReauthAt: number | null, now: number): Redated {
  if (isSame(before.needsReauthAt, needsReauthAt, now)) {
    const { needsReauthAt: date, warnAt } = before;
    return { vault: { needsReauthAt: date, warnAt }, status: {} };
  }
  const given = givenOf(before);
  const isWarned = given !== null && needsReauthAt !== null && needsReauthAt - now <= given * dayMs;
  const warnAt = isWarned ? nextWarnAt(needsReauthAt, given) : firstWarnAt(needsReauthAt, now);
  return {
    vault: { needsReauthAt, warnAt },
    status: { needsReauthAt, ...(!isWarned && { reauthDueInDays: null }), updatedAt: now },
  };
}

function isSame(before: number | null, after: number | null, now: number): boolean {
  if (before === null || after === null) return before === after;
  const toleranceMs = Math.min(dayMs, Math.max(0, before - now) / 10);
  return before === after || Math.abs(after - before) < toleranceMs;
}

/**
 * When the user is first to be warned of a date; a time that is over means at the next sweep. What
 * is less than a day away gets no warning.
 */
export function firstWarnAt(needsReauthAt: number | null, now: number): number | null {
  if (needsReauthAt === null || needsReauthAt - now < shortestWarnedMs) return null;
  return needsReauthAt - 14 * dayMs;
}

function nextWarnAt(needsReauthAt: number, given: WarningDays): number | null {
  return given === 3 ? null : needsReauthAt - 3 * dayMs;
}

/** The last warning that was given for these dates. */
function givenOf({ needsReauthAt, warnAt }: Dates): WarningDays | null {
  if (needsReauthAt === null) return null;
  if (warnAt === null) return 3;
  return warnAt === needsReauthAt - 3 * dayMs ? 14 : null;
}

/** The warning that fits the time that is left. */
function dueOf(needsReauthAt: number, now: number): WarningDays | null {
  const leftMs = needsReauthAt - now;
  return warningsInDays.findLast((days) => leftMs <= days * dayMs) ?? null;
}

export interface Warning {
  /** How many days ahead the user is now warned; null: not now. */
  readonly days: WarningDays | null;
  /** When the next warning is due; null: none. */
  readonly warnAt: number | null;
}

/** What is due of a date's warnings: the last that fits, so that a late sweep gives one, not two. */
export function warningOf({ needsReauthAt, warnAt }: Dates, now: number): Warning {
  if (needsReauthAt === null || warnAt === null || now >= needsReauthAt) {
    return { days: null, warnAt: null };
  }
  const days = now < warnAt ? null : dueOf(needsReauthAt, now);
  return days === null ? { days, warnAt } : { days, warnAt: nextWarnAt(needsReauthAt, days) };
}
