import { createHash } from 'node:crypto';
import { concernsClient, type OAuthFailure } from '../oauth/failure.ts';
import { providerTimeoutMs } from '../oauth/party.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { Journal, Lease, ReauthReason, VaultDocument } from '../store/documents.ts';
import { isAlive, isFresh } from './freshness.ts';

/**
 * The refresh protocol: which step follows from a vault document, and what each step writes. Pure:
 * no clock, no store, no network. docs/refresh.md says why; `attempt.ts` and `commit.ts` carry it
 * out.
 */

/** How much longer than the provider's time limit a lease lives: time to seal and commit. */
const leaseMarginMs = 5_000;
export const leaseMs = providerTimeoutMs + leaseMarginMs;
/**
 * How long a token is left alone whose holder has vanished, where a second use may end the grant: the
 * result may be on its way in a task, which tries at least this often (`spill.ts`).
 */
export const doubtMs = 10_000;
/** What a grace window is trusted to last where the provider's data does not tell. */
const usualGraceMs = 2 * leaseMs;

const shortestPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;
/** The longest pause that we make up by ourselves; a provider may ask for a longer one. */
const longestBackOffMs = 5 * 60_000;

/** What a caller's next step is. `mayUse`: the old token will do meanwhile. */
export type Step =
  | { readonly kind: 'use' }
  /** Somebody holds the lease; or nobody may ask the provider before `retryAt`. */
  | {
      readonly kind: 'wait';
      readonly mayUse: boolean;
      readonly retryAt?: number;
      /** The provider's `error`, where the team must act first. */
      readonly refusedWith?: string;
    }
  | { readonly kind: 'refresh'; readonly mayUse: boolean };

/** @param newerThan a token set of this generation or an older one will not do. */
export function nextStep(document: VaultDocument, newerThan: number, now: number): Step {
  const { lease, retryAt, refusedWith } = document;
  const isWanted = document.generation > newerThan;
  const times = timesOf(document);
  if (isWanted && isFresh(times, now)) return { kind: 'use' };
  const mayUse = isWanted && isAlive(times, now);
  if (lease !== null && now < lease.until) return { kind: 'wait', mayUse };
  if (retryAt !== null && now < retryAt) {
    return { kind: 'wait', mayUse, retryAt, ...(refusedWith !== null && { refusedWith }) };
  }
  return { kind: 'refresh', mayUse };
}

function timesOf({ obtainedAt, expiresAt }: VaultDocument) {
  return { obtainedAt, ...(expiresAt !== null && { expiresAt }) };
}

export interface Taking {
  readonly lease: Lease;
  readonly journal: Journal;
  /** The refresh token may be spent already, by an earlier attempt whose outcome nobody knows. */
  readonly isInterrupted: boolean;
  /** How long to leave the refresh token alone first. */
  readonly waitMs: number;
}

interface Attempt {
  readonly id: string;
  readonly refreshToken: string;
  /** See `graceMsOf`. */
  readonly graceMs: number;
  /** The document was put there by somebody else, from a backup say: its token may be long spent. */
  readonly isForeign?: boolean | undefined;
  readonly now: number;
}

/** For how long after its use a refresh token can be used again: not at all, for ever, or for a while. */
export function graceMsOf({ rotation, graceSeconds }: Provider['life']): number {
  const graceMs = graceSeconds === undefined ? usualGraceMs : graceSeconds * 1_000;
  return { none: Number.POSITIVE_INFINITY, rotates: 0, 'rotates-with-grace': graceMs }[rotation];
}

/** Whether a refresh token that may have been spent can be spent once more without harm. */
export function isWithinGrace({ startedAt }: Journal, graceMs: number, now: number): boolean {
  return now - startedAt < graceMs;
}

/** Taking the lease: what is written before the refresh token is spent. */
export function take(document: VaultDocument, attempt: Attempt): Taking {
  const { id, refreshToken, graceMs, isForeign = false, now } = attempt;
  const refreshTokenHash = createHash('sha256').update(refreshToken).digest('base64url');
  const { journal: before } = document;
  const isUnknown = before?.refreshTokenHash === refreshTokenHash;
  const hasVanished = isUnknown && document.lease !== null;
  // From when it may have been spent for the first time.
  const startedAt = isUnknown ? before.startedAt : now;
  const journal = { attempt: id, refreshTokenHash, startedAt };
  const waitMs = hasVanished && !isWithinGrace(journal, graceMs, now) ? doubtMs : 0;
  return {
    lease: { owner: id, until: now + waitMs + leaseMs },
    journal,
    isInterrupted: isUnknown || isForeign,
    waitMs,
  };
}

/** Whether an answer that comes within the provider's time limit comes while the lease lives. */
export function mayAsk({ until }: Lease, now: number): boolean {
  return now + providerTimeoutMs < until;
}

/** What a failure does to the connection. */
export type Settlement =
  /** Its user must act. */
  | { readonly kind: 'dead'; readonly reason: ReauthReason }
  /** The team must act, for all of the provider's connections; this one is as it was. */
  | { readonly kind: 'blameless'; readonly patch: Partial<VaultDocument> }
  /** Nobody, or the team, for this connection: it is tried again, more and more seldom. */
  | { readonly kind: 'paused'; readonly patch: Partial<VaultDocument>; readonly retryAt: number };

/** The design's §4.7: failures, sorted by who must act. @param random uniform in [0, 1). */
export function settle(
  document: VaultDocument,
  isInterrupted: boolean,
  failure: OAuthFailure,
  now: number,
  random: number,
): Settlement {
  const { kind, providerError = null, retryAfterSeconds } = failure;
  if (kind === 'user') return { kind: 'dead', reason: isInterrupted ? 'interrupted' : 'revoked' };
  if (kind === 'account') return { kind: 'dead', reason: 'account_changed' };
  // The journal stays as long as nobody knows what became of the token.
  const isUnknown = kind === 'uncertain' || kind === 'invalid';
  const journal = isUnknown || isInterrupted ? document.journal : null;
  if (concernsClient(failure)) return { kind: 'blameless', patch: { lease: null, journal } };
  const retryAt = now + pauseMsOf(document.failures, retryAfterSeconds, random);
  const { refreshAt } = document;
  const patch = {
    lease: null,
    journal,
    retryAt,
    refusedWith: kind === 'operator' ? providerError : null,
    failures: document.failures + 1,
    // Rotation takes what is due first: what cannot succeed yet must not stand before the rest.
    ...(refreshAt !== null && { refreshAt: Math.max(refreshAt, retryAt) }),
  };
  return { kind: 'paused', patch, retryAt };
}

/** Doubles with every failure in a row, with jitter; the provider's word counts for more. */
function pauseMsOf(failures: number, retryAfterSeconds = 0, random = 0): number {
  const backOffMs = Math.min(shortestPauseMs * 2 ** Math.min(failures, 20), longestBackOffMs);
  const pauseMs = Math.max(backOffMs * (0.5 + random / 2), retryAfterSeconds * 1_000);
  return Math.min(Math.round(pauseMs), longestPauseMs);
}

/**
 * What a connection whose grant is gone looks like: no attempt is made any more. Its dates stay for
 * the case that it lives after all; the sweep warns nobody of them.
 */
export function dead(reason: ReauthReason) {
  const status = { status: 'needs_reauth', reason } as const;
  return {
    vault: {
      ...status,
      refreshAt: null,
      lease: null,
      journal: null,
      retryAt: null,
      refusedWith: null,
    },
    status,
  };
}
