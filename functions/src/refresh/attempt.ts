import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { type Party, providerTimeoutMs } from '../oauth/party.ts';
import { spendRefreshToken } from '../oauth/refresh-token.ts';
import { type TokenSet, tokenSetOf } from '../oauth/token-set.ts';
import type { Stored } from '../store/connection-store.ts';
import type { ReauthReason, VaultDocument } from '../store/documents.ts';
import { needsReauth } from '../store/refusals.ts';
import { commit } from './commit.ts';
import type { AttemptOutcome, RefreshDependencies } from './dependencies.ts';
import { acquire, type Held, release } from './lease.ts';

/** The pause after a transient failure: the provider's `Retry-After` within these limits. */
const shortestPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;

/**
 * One attempt to refresh: lease, provider, commit. Exactly one request to the provider, but where
 * its data says that the same token may safely be spent again.
 */
export async function attemptRefresh(
  dependencies: RefreshDependencies,
  party: Party,
  found: Stored<VaultDocument>,
  tokenSet: TokenSet & { readonly refreshToken: string },
): Promise<AttemptOutcome> {
  const { store, sealer, clock, newId } = dependencies;
  // What the provider gives must not be lost for want of a key: have it at hand before spending.
  await sealer.prepare();
  const attempt = { id: newId(), refreshToken: tokenSet.refreshToken, now: clock.now() };
  const held = await acquire(store, found, attempt);
  if (held === undefined) return { kind: 'again' };

  // Only while the lease outlives the answer: after that, another may be spending the token.
  const mayAsk = () => clock.now() + providerTimeoutMs < held.document.lease.until;
  if (!mayAsk()) {
    await release(store, held, 'not_processed');
    return { kind: 'again' };
  }
  const sentAt = clock.now();
  let next: TokenSet;
  try {
    const answer = await spend(party, tokenSet.refreshToken, mayAsk);
    next = tokenSetOf(answer, {
      scopes: tokenSet.scopes,
      scopeSeparator: party.provider.scopeSeparator,
      obtainedAt: sentAt,
      defaultAccessTokenSeconds: party.provider.life.accessTokenSeconds,
      previous: tokenSet,
    });
  } catch (error) {
    return settleFailure(dependencies, held, error);
  }
  return commit(dependencies, party, held, tokenSet, next);
}

async function spend(party: Party, refreshToken: string, mayAsk: () => boolean) {
  try {
    return await spendRefreshToken(party, refreshToken);
  } catch (error) {
    const uncertain = error instanceof OAuthFailure && error.kind === 'uncertain';
    const safe = party.provider.life.rotation !== 'rotates';
    if (!uncertain || !safe || !mayAsk()) throw error;
    // Once: a provider that drops every connection would be asked without a pause.
    return spendRefreshToken(party, refreshToken);
  }
}

/** Sorts a failure by who must act (the design's §4.7) and leaves the document accordingly. */
async function settleFailure(
  dependencies: RefreshDependencies,
  held: Held,
  error: unknown,
): Promise<AttemptOutcome> {
  const { store, clock } = dependencies;
  log.refreshFailed(held.id, error);
  if (!(error instanceof OAuthFailure)) throw error;
  switch (error.kind) {
    case 'user':
      return markNeedsReauth(dependencies, held, held.interrupted ? 'interrupted' : 'revoked');
    case 'operator':
      log.providerMisconfigured(held.document.provider, error.providerError ?? 'unknown');
      await release(store, held, 'not_processed');
      return { kind: 'failed', error: error.toStrongroomError() };
    case 'transient':
    case 'uncertain':
    case 'invalid': {
      const askedMs = (error.retryAfterSeconds ?? 0) * 1_000;
      const pauseMs = Math.min(Math.max(shortestPauseMs, askedMs), longestPauseMs);
      const retryAt = clock.now() + pauseMs;
      await release(store, held, error.kind === 'transient' ? 'not_processed' : 'unknown', retryAt);
      return { kind: 'failed', error: error.toStrongroomError(), retryAt };
    }
  }
}

/** The grant is gone: one state, one line in the log, and no further attempt. */
export async function markNeedsReauth(
  { store, clock }: RefreshDependencies,
  found: Stored<VaultDocument>,
  reason: ReauthReason,
): Promise<AttemptOutcome> {
  const dead = { status: 'needs_reauth', reason } as const;
  const written = await store.update(
    found,
    { ...dead, refreshAt: null, lease: null, journal: null, retryAt: null },
    { ...dead, updatedAt: clock.now() },
  );
  if (written === undefined) return { kind: 'again' };
  log.needsReauth(found.id, found.document.provider, reason);
  return { kind: 'failed', error: needsReauth(reason) };
}
