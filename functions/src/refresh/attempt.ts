import { subjectOf } from '../events/outbox.ts';
import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { withToldEnd } from '../oauth/introspection.ts';
import type { Party } from '../oauth/party.ts';
import { type TokenSet, tokenSetOf } from '../oauth/token-set.ts';
import type { Companion } from '../store/companions.ts';
import type { ReauthReason, VaultDocument } from '../store/documents.ts';
import { needsReauth } from '../store/refusals.ts';
import type { Stored } from '../store/stored.ts';
import { commit } from './commit.ts';
import type { AttemptOutcome, RefreshDependencies } from './dependencies.ts';
import { acquire, type Held, settleDocument } from './lease.ts';
import { dead, isWithinGrace, mayAsk, settle } from './protocol.ts';
import type { Renewal } from './renewal.ts';

/**
 * One attempt to refresh: lease, provider, commit. Exactly one request to the provider, but where
 * its data says that the same token may safely be spent again, or where it refused a client secret
 * that is being replaced.
 */
export async function attemptRefresh(
  dependencies: RefreshDependencies,
  party: Party,
  found: Stored<VaultDocument>,
  { tokenSet, renewal }: { readonly tokenSet: TokenSet; readonly renewal: Renewal },
  isForCaller: boolean,
): Promise<AttemptOutcome> {
  const { store, sealer, outbox, clock, newId } = dependencies;
  // What the provider gives must not be lost for want of a key: have it, and
  // whom to tell, at hand before spending.
  const [recorder] = await Promise.all([outbox.open(), sealer.prepare()]);
  const id = newId();
  const { graceMs, refreshToken } = renewal;
  // What spends nothing is never in doubt: no two attempts are of one token.
  const attempt = { id, refreshToken: refreshToken ?? id, graceMs };
  const held = await acquire(dependencies, found, attempt);
  if (held === undefined) return { kind: 'again' };

  // Only while the lease outlives the answer: after that, another may be spending the token.
  const isInTime = () => mayAsk(held.document.lease, clock.now());
  if (!isInTime()) {
    await store.update(held, {
      lease: null,
      journal: held.isInterrupted ? held.document.journal : null,
    });
    return { kind: 'again' };
  }
  const sentAt = clock.now();
  let next: TokenSet;
  try {
    const maySpendAgain = () => isWithinGrace(held.document.journal, graceMs, clock.now());
    const answer = await spend(party, renewal, isInTime, maySpendAgain);
    const given = tokenSetOf(answer, {
      provider: party.provider,
      scopes: tokenSet.scopes,
      obtainedAt: sentAt,
      previous: tokenSet,
    });
    next = await withToldEnd(party, given, tokenSet);
  } catch (error) {
    if (error instanceof OAuthFailure) return fail(dependencies, held, error);
    // It cannot even be asked for, and nothing was spent: nobody need wait for this attempt's end.
    if (refreshToken === undefined) await store.update(held, { lease: null, journal: null });
    throw error;
  }
  return commit(dependencies, party, recorder, held, { previous: tokenSet, next, isForCaller });
}

async function spend(
  party: Party,
  { ask }: Renewal,
  isInTime: () => boolean,
  maySpendAgain: () => boolean,
) {
  try {
    return await ask(party, isInTime);
  } catch (error) {
    const isUncertain = error instanceof OAuthFailure && error.kind === 'uncertain';
    if (!isUncertain || !maySpendAgain() || !isInTime()) throw error;
    // Once: a provider that drops every connection would be asked without a pause.
    return ask(party, isInTime);
  }
}

/** Leaves the document as the failure asks for. */
async function fail(
  dependencies: RefreshDependencies,
  held: Held,
  failure: OAuthFailure,
): Promise<AttemptOutcome> {
  const { store, clock, random } = dependencies;
  log.refreshFailed(held.id, failure);
  const { document, isInterrupted } = held;
  const settlement = settle(document, isInterrupted, failure, clock.now(), random());
  if (settlement.kind === 'dead') return giveUp(dependencies, held, settlement.reason, failure);
  // Whether it was written does not matter: a lost lease is no longer ours to give back.
  await settleDocument(store, held, (current) => store.update(current, settlement.patch));
  const error = failure.toStrongroomError();
  return settlement.kind === 'paused'
    ? { kind: 'failed', error, failure, retryAt: settlement.retryAt }
    : { kind: 'failed', error, failure };
}

/** The grant is gone: one state, one line in the log, and no further attempt. */
export async function giveUp(
  { store, clock, outbox }: RefreshDependencies,
  found: Stored<VaultDocument>,
  reason: ReauthReason,
  failure?: OAuthFailure,
): Promise<AttemptOutcome> {
  const { vault, status } = dead(reason);
  const recorder = await outbox.open();
  let events: readonly Companion[] = [];
  const written = await settleDocument(store, found, (current) => {
    const event = recorder.connection(subjectOf(current), { type: 'needs_reauth', reason });
    events = event.documents;
    const patch = { ...vault, ...event.patch };
    return store.update(current, patch, { ...status, updatedAt: clock.now() }, events);
  });
  if (written === undefined) return { kind: 'again' };
  await outbox.handOver(events);
  log.needsReauth(found.id, found.document.provider, reason);
  return { kind: 'failed', error: needsReauth(reason), ...(failure && { failure }) };
}
