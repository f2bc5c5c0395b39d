import type { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { type Party, providerTimeoutMs } from '../oauth/party.ts';
import { spendRefreshToken } from '../oauth/refresh-token.ts';
import { revoke } from '../oauth/revocation.ts';
import { type TokenSet, tokenSetOf } from '../oauth/token-set.ts';
import type { Stored } from '../store/connection-store.ts';
import type { ReauthReason, VaultDocument } from '../store/documents.ts';
import { needsReauth } from '../store/refusals.ts';
import type { Opened, RefreshDependencies } from './dependencies.ts';
import { acquire, type Held, release } from './lease.ts';
import { sealTokenSet } from './sealed-token-set.ts';

/** How an attempt ended. `again`: read the document anew. `retryAt`: when another may succeed. */
export type AttemptOutcome =
  | { readonly kind: 'refreshed'; readonly opened: Opened }
  | { readonly kind: 'again' }
  | { readonly kind: 'failed'; readonly error: StrongroomError; readonly retryAt?: number };

/** The pause after a transient failure: the provider's `Retry-After` within these limits. */
const shortestPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;
const commitPauseMs = 200;
/** How long the result of a refresh is tried to be written once its lease is over. */
const commitGraceMs = 30_000;

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

  const sentAt = clock.now();
  let next: TokenSet;
  try {
    const answer = await spend(
      party,
      tokenSet.refreshToken,
      () => clock.now() + providerTimeoutMs < held.document.lease.until,
    );
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

/** `mayRepeat`: whether enough of the lease is left for another answer. */
async function spend(party: Party, refreshToken: string, mayRepeat: () => boolean) {
  for (;;) {
    try {
      return await spendRefreshToken(party, refreshToken);
    } catch (error) {
      const uncertain = error instanceof OAuthFailure && error.kind === 'uncertain';
      const safe = party.provider.life.rotation !== 'rotates';
      if (!uncertain || !safe || !mayRepeat()) throw error;
    }
  }
}

async function commit(
  dependencies: RefreshDependencies,
  party: Party,
  held: Held,
  previous: TokenSet,
  next: TokenSet,
): Promise<AttemptOutcome> {
  const { store, clock } = dependencies;
  const { uid, generation: spent, lease } = held.document;
  const { provider } = party;
  const generation = spent + 1;
  const fields = await sealTokenSet(dependencies, provider, { uid, id: held.id, generation }, next);
  const patch = { ...fields, committedBy: lease.owner };
  const status =
    previous.scopes.join() === next.scopes.join() ? undefined : { scopes: next.scopes };
  const opened: Opened = { tokenSet: next, generation, uid, provider };

  let current: Stored<VaultDocument> = held;
  for (;;) {
    try {
      if ((await store.update(current, patch, status)) !== undefined) {
        return { kind: 'refreshed', opened };
      }
      const reread = await store.readVault(held.id);
      if (reread === undefined) {
        // Disconnected meanwhile: what was just given must not outlive it.
        await revoke(party, next).catch((error: unknown) => log.refreshFailed(held.id, error));
        return { kind: 'again' };
      }
      // An earlier commit of ours whose answer was lost.
      if (reread.document.committedBy === lease.owner) return { kind: 'refreshed', opened };
      if (reread.document.generation !== spent) return { kind: 'again' };
      current = reread;
    } catch (error) {
      if (clock.now() > lease.until + commitGraceMs) throw error;
      await clock.sleep(commitPauseMs);
    }
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
