/**
 * In which field providers tell how many more seconds the refresh token lives; no standard has one,
 * and several have each of these.
 */
const fields = [
  'refresh_token_expires_in',
  'refresh_expires_in',
  'x_refresh_token_expires_in',
] as const;

/** Longer is no information. */
const longestSeconds = 100 * 366 * 24 * 60 * 60;
/** Refreshes that follow each other faster tell nothing of whether the end moves. */
const shortestIntervalMs = 60_000;

/** What is known of a refresh token's end; both fields are a token set's. */
export interface RefreshTokenEnd {
  readonly refreshTokenExpiresAt?: number | undefined;
  readonly refreshTokenEndIsFixed?: boolean | undefined;
}

/** A token endpoint's answer, as far as it tells of the refresh token. */
type Answer = { readonly access_token: string; readonly refresh_token?: string } & {
  readonly [field in (typeof fields)[number]]?: unknown;
};
type Previous = RefreshTokenEnd & { readonly obtainedAt: number };

/**
 * When the refresh token will die by what the answer tells; 0 means never, as of offline tokens. An end
 * that moved by less than half of the time between two refreshes does not move by being used: it is an
 * absolute limit; so is one that is not told again while the token stays.
 *
 * @param previous the token set that was refreshed, where one was.
 */
export function refreshTokenEndOf(
  answer: Answer,
  obtainedAt: number,
  previous: Previous | undefined,
): RefreshTokenEnd {
  const seconds = secondsOf(answer);
  if (seconds === undefined) return answer.refresh_token ? {} : endOf(previous);
  if (seconds === 0) return {};
  const refreshTokenExpiresAt = obtainedAt + Math.floor(seconds) * 1_000;
  return isFixed(refreshTokenExpiresAt, obtainedAt, previous)
    ? { refreshTokenExpiresAt, refreshTokenEndIsFixed: true }
    : { refreshTokenExpiresAt };
}

function secondsOf(answer: Answer): number | undefined {
  for (const field of fields) {
    const told = answer[field];
    const seconds = typeof told === 'string' && told !== '' ? Number(told) : told;
    if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0) {
      return Math.min(seconds, longestSeconds);
    }
  }
  return undefined;
}

function isFixed(end: number, obtainedAt: number, previous: Previous | undefined): boolean {
  if (previous?.refreshTokenExpiresAt === undefined) return false;
  const intervalMs = obtainedAt - previous.obtainedAt;
  if (intervalMs < shortestIntervalMs) return previous.refreshTokenEndIsFixed === true;
  return end - previous.refreshTokenExpiresAt < intervalMs / 2;
}

function endOf({ refreshTokenExpiresAt }: RefreshTokenEnd = {}): RefreshTokenEnd {
  return refreshTokenExpiresAt === undefined
    ? {}
    : { refreshTokenExpiresAt, refreshTokenEndIsFixed: true };
}
