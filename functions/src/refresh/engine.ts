import { StrongroomError, unavailable } from '../errors.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { Stored } from '../store/connection-store.ts';
import type { VaultDocument } from '../store/documents.ts';
import { assertUsable, connectionNotFound, needsReauth } from '../store/refusals.ts';
import { attemptRefresh, markNeedsReauth } from './attempt.ts';
import type { AttemptOutcome, Opened, RefreshDependencies } from './dependencies.ts';
import { isAlive, isFresh } from './freshness.ts';
import { isLeased } from './lease.ts';
import { openTokenSet } from './sealed-token-set.ts';
import { createSingleFlight } from './single-flight.ts';

export interface TokenRequest {
  readonly connectionId: string;
  /** The owner as verified; another's connection is not found. Absent: the suite itself. */
  readonly uid?: string;
  /** A token set of this generation or an older one will not do: it was refused, or is due. */
  readonly newerThan?: number;
  /** In the clock's ticks. */
  readonly deadlineAt: number;
}

/**
 * Gives a token set that works, refreshing it where needed.
 *
 * @throws StrongroomError `connection_not_found`, `needs_reauth`, `connection_paused`,
 *   `provider_misconfigured`, `provider_unknown`, `unavailable`, `deadline_exceeded`.
 */
export type FreshTokenSet = (request: TokenRequest) => Promise<Opened>;

const shortestPollMs = 50;
const longestPollMs = 1_000;

/** The refresh protocol: see docs/refresh.md. */
export function createRefreshEngine(dependencies: RefreshDependencies): FreshTokenSet {
  const { clock } = dependencies;
  const share = createSingleFlight<Opened>();

  return async (request) => {
    const { connectionId, uid = '', newerThan = 0, deadlineAt } = request;
    for (;;) {
      const key = `${connectionId} ${newerThan} ${uid}`;
      try {
        return await share(key, () => fly(dependencies, request));
      } catch (error) {
        // The flight that was joined ran out of its own time, not of ours.
        const late = error instanceof StrongroomError && error.code === 'deadline_exceeded';
        if (!late || clock.ticks() >= deadlineAt) throw error;
      }
    }
  };
}

/** Reads, and refreshes until the token set will do or the deadline is over. */
async function fly(dependencies: RefreshDependencies, request: TokenRequest): Promise<Opened> {
  const { store, clock, settings } = dependencies;
  const { connectionId, uid, newerThan = 0, deadlineAt } = request;
  let pollMs = shortestPollMs;
  let lastError = new StrongroomError(
    'deadline_exceeded',
    'The token is being refreshed and this call could not wait any longer. Try again.',
  );
  for (;;) {
    const found = await store.readVault(connectionId);
    const isOurs = found !== undefined && (uid === undefined || found.document.uid === uid);
    if (!isOurs) throw connectionNotFound();
    const { document } = found;
    assertUsable(document);
    const now = clock.now();
    const willDo = document.generation > newerThan;
    const provider = await settings.provider(document.provider);
    if (willDo && isFresh(timesOf(document), now)) return open(dependencies, found, provider);

    const mayUseOld = willDo && isAlive(timesOf(document), now);
    const retryAt = document.retryAt ?? 0;
    if (isLeased(document, now) || now < retryAt) {
      if (mayUseOld) return open(dependencies, found, provider);
      // Waiting for what comes too late would only cost reads.
      if (retryAt - now >= deadlineAt - clock.ticks())
        throw unavailable('provider', secondsUntil(retryAt, now));
    } else {
      const opened = await open(dependencies, found, provider);
      const outcome = await refresh(dependencies, found, opened);
      if (outcome.kind === 'refreshed') return outcome.opened;
      if (outcome.kind === 'failed') {
        if (mayUseOld) return opened;
        const { retryAt: next } = outcome;
        if (next === undefined || next - clock.now() >= deadlineAt - clock.ticks())
          throw outcome.error;
        lastError = outcome.error;
      }
    }
    if (clock.ticks() + pollMs >= deadlineAt) throw lastError;
    // Jitter: many processes wait for the same generation.
    await clock.sleep(pollMs * (0.5 + dependencies.random()));
    pollMs = Math.min(longestPollMs, pollMs * 1.6);
  }
}

async function refresh(
  dependencies: RefreshDependencies,
  found: Stored<VaultDocument>,
  { tokenSet, provider }: Opened,
): Promise<AttemptOutcome> {
  const { refreshToken } = tokenSet;
  if (refreshToken === undefined) {
    // Refused while it should live: that alone is no proof that the grant is gone.
    return isAlive(tokenSet, dependencies.clock.now())
      ? { kind: 'failed', error: needsReauth('no_refresh_token') }
      : markNeedsReauth(dependencies, found, 'no_refresh_token');
  }
  try {
    const party = await dependencies.findParty(provider);
    return await attemptRefresh(dependencies, party, found, { ...tokenSet, refreshToken });
  } catch (error) {
    // Discovery failed: nothing was spent.
    if (!(error instanceof OAuthFailure)) throw error;
    const retryAt = dependencies.clock.now() + longestPollMs;
    return { kind: 'failed', error: error.toStrongroomError(), retryAt };
  }
}

async function open(
  { sealer }: RefreshDependencies,
  found: Stored<VaultDocument>,
  provider: Provider,
): Promise<Opened> {
  const { uid, generation } = found.document;
  return { tokenSet: await openTokenSet(sealer, found), generation, uid, provider };
}

function timesOf({ obtainedAt, expiresAt }: VaultDocument) {
  return { obtainedAt, ...(expiresAt !== null && { expiresAt }) };
}

function secondsUntil(time: number, now: number): number {
  return Math.ceil((time - now) / 1_000);
}
