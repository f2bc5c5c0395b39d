import { StrongroomError, unavailable } from '../errors.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import { refreshEndpointOf } from '../oauth/wire-route.ts';
import { takesCredentials } from '../providers/credential-fields.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf } from '../providers/template.ts';
import type { VaultDocument } from '../store/documents.ts';
import { assertUsable, connectionNotFound, needsReauth } from '../store/refusals.ts';
import type { Stored } from '../store/stored.ts';
import { attemptRefresh, giveUp } from './attempt.ts';
import type { AttemptOutcome, Opened, RefreshDependencies } from './dependencies.ts';
import { isAlive } from './freshness.ts';
import { noteUse } from './note-use.ts';
import { nextStep } from './protocol.ts';
import { renewalOf } from './renewal.ts';
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

/** Callers of one moment share one fate; who may wait for longer tries again. */
const worthAnotherFlightMs = 1_000;
const shortestPollMs = 50;
const longestPollMs = 1_000;

/** The refresh protocol: see docs/refresh.md. */
export function createRefreshEngine(dependencies: RefreshDependencies): FreshTokenSet {
  const { clock } = dependencies;
  const join = createSingleFlight<Opened>();

  return async (request) => {
    const { connectionId, uid = '', newerThan = 0, deadlineAt } = request;
    for (;;) {
      const key = `${connectionId} ${newerThan} ${uid}`;
      const flight = join(key, deadlineAt, () => fly(dependencies, request));
      try {
        return await flight.result;
      } catch (error) {
        // The flight that was joined ran out of its own time, not of ours.
        const isLate =
          error instanceof StrongroomError && /^(deadline_exceeded|unavailable)$/.test(error.code);
        const hasMore = deadlineAt - flight.deadlineAt > worthAnotherFlightMs;
        if (!isLate || !hasMore || clock.ticks() >= deadlineAt) throw error;
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
    assertUsable(found.document);
    const provider = await settings.provider(found.document.provider);
    const step = nextStep(found.document, newerThan, clock.now());

    let retryAt = step.kind === 'wait' ? step.retryAt : undefined;
    if (step.kind === 'use' || (step.kind === 'wait' && step.mayUse)) {
      const opened = await open(dependencies, found, provider);
      if (uid !== undefined) await noteUse(dependencies, found, opened);
      return opened;
    }
    if (step.kind === 'refresh') {
      const opened = await open(dependencies, found, provider);
      const outcome = await refresh(dependencies, found, opened, uid !== undefined);
      if (outcome.kind === 'refreshed') return outcome.opened;
      if (outcome.kind === 'failed') {
        if (step.mayUse) return opened;
        if (outcome.retryAt === undefined) throw outcome.error;
        ({ retryAt, error: lastError } = outcome);
      }
    } else if (retryAt !== undefined) {
      lastError = pausedError(step, retryAt - clock.now());
    }
    // Jitter: many processes wait for the same generation, or for the same time.
    const jitter = 0.5 + dependencies.random();
    const waitMs = Math.max(pollMs * jitter, (retryAt ?? 0) - clock.now());
    // Waiting for what comes too late would only cost reads.
    if (clock.ticks() + waitMs >= deadlineAt) throw lastError;
    await clock.sleep(waitMs);
    pollMs = Math.min(longestPollMs, pollMs * 1.6);
  }
}

/** As whoever met the trouble was told. */
function pausedError({ refusedWith }: { readonly refusedWith?: string }, pauseMs: number) {
  return refusedWith === undefined
    ? unavailable('provider', Math.ceil(pauseMs / 1_000))
    : new OAuthFailure('operator', refusedWith).toStrongroomError();
}

async function refresh(
  dependencies: RefreshDependencies,
  found: Stored<VaultDocument>,
  { tokenSet, provider }: Opened,
  isForCaller: boolean,
): Promise<AttemptOutcome> {
  const { clock, findParty } = dependencies;
  const renewal = renewalOf(provider, tokenSet);
  if (renewal === undefined) return withoutRenewal(dependencies, found, { tokenSet, provider });
  const circuits = isOneServer(provider) ? dependencies.circuits : unguarded;
  const admission = await circuits.admit(provider.id);
  if (admission.kind === 'refused') {
    const { error, retryAt } = admission;
    // What waits for the team is told at once.
    return { kind: 'failed', error, ...(error.actor === 'nobody' && { retryAt }) };
  }
  let outcome: AttemptOutcome = { kind: 'again' };
  try {
    const party = await findParty(provider, tokenSet);
    outcome = await attemptRefresh(dependencies, party, found, { tokenSet, renewal }, isForCaller);
  } catch (error) {
    // As any failure: whoever still has a token that works uses it.
    if (error instanceof StrongroomError) return { kind: 'failed', error };
    // Discovery failed: nothing was spent.
    if (!(error instanceof OAuthFailure)) throw error;
    const retryAt = clock.now() + longestPollMs;
    outcome = { kind: 'failed', error: error.toStrongroomError(), failure: error, retryAt };
  } finally {
    await circuits.report(provider.id, found.id, admission, verdictOf(outcome));
  }
  return outcome;
}

/** What there is to do where there is nothing to get another token with. */
async function withoutRenewal(
  dependencies: RefreshDependencies,
  found: Stored<VaultDocument>,
  { tokenSet, provider }: Pick<Opened, 'tokenSet' | 'provider'>,
): Promise<AttemptOutcome> {
  if (!isAlive(tokenSet, dependencies.clock.now())) {
    return giveUp(dependencies, found, 'no_refresh_token');
  }
  // Refused while it should live: that alone is no proof that the grant is gone. Of a key the API can
  // be asked.
  if (await isRefused(dependencies, provider, tokenSet)) {
    return giveUp(dependencies, found, 'revoked');
  }
  return { kind: 'failed', error: needsReauth('no_refresh_token') };
}

async function isRefused(
  { verify }: RefreshDependencies,
  provider: Provider,
  tokenSet: TokenSet,
): Promise<boolean> {
  try {
    return takesCredentials(provider) && (await verify?.(provider, tokenSet))?.kind === 'refused';
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    return false;
  }
}

/** Whether all of a provider's connections ask the same server: only then what befalls one tells of all. */
export function isOneServer(provider: Provider): boolean {
  const { tokenEndpoint } = { tokenEndpoint: '', ...provider };
  return fieldsOf(refreshEndpointOf(provider) ?? tokenEndpoint).length === 0;
}

/** In the place of a circuit where users name the server. */
const unguarded: Pick<RefreshDependencies['circuits'], 'admit' | 'report'> = {
  admit: () => Promise.resolve({ kind: 'admitted' }),
  report: () => Promise.resolve(),
};

/** What an attempt says of the provider. */
function verdictOf(outcome: AttemptOutcome): OAuthFailure | 'works' | undefined {
  if (outcome.kind === 'refreshed') return 'works';
  return outcome.kind === 'failed' ? outcome.failure : undefined;
}

async function open(
  { sealer }: RefreshDependencies,
  found: Stored<VaultDocument>,
  provider: Provider,
): Promise<Opened> {
  const { uid, generation } = found.document;
  return { tokenSet: await openTokenSet(sealer, found), generation, uid, provider };
}
