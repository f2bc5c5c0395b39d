import { createHash } from 'node:crypto';
import { providerTimeoutMs } from '../oauth/party.ts';
import type { Stored } from '../store/connection-store.ts';
import type { Journal, Lease, VaultDocument } from '../store/documents.ts';
import type { RefreshDependencies } from './dependencies.ts';

/** How much longer than the provider's time limit a lease lives: time to seal and commit. */
const leaseMarginMs = 5_000;
export const leaseMs = providerTimeoutMs + leaseMarginMs;

/** A vault document whose refresh token this attempt alone may spend, and its journal. */
export type Held = Stored<VaultDocument> & {
  readonly document: { readonly lease: Lease; readonly journal: Journal };
  /** An earlier attempt ended without a known outcome: its token may be spent already. */
  readonly interrupted: boolean;
};

/** Whether somebody may be spending the refresh token right now. */
export function isLeased({ lease }: Pick<VaultDocument, 'lease'>, now: number): boolean {
  return lease !== null && now < lease.until;
}

interface Attempt {
  readonly id: string;
  readonly refreshToken: string;
  readonly now: number;
}

/**
 * Takes the lease and writes the journal, in one compare-and-set; no lock is held anywhere.
 *
 * @returns undefined where somebody else was first: read again.
 */
export async function acquire(
  store: RefreshDependencies['store'],
  found: Stored<VaultDocument>,
  { id, refreshToken, now }: Attempt,
): Promise<Held | undefined> {
  const lease = { owner: id, until: now + leaseMs };
  const journal = { attempt: id, refreshTokenHash: hashOf(refreshToken), startedAt: now };
  const version = await store.update(found, { lease, journal });
  if (version === undefined) return undefined;
  const interrupted = found.document.journal?.refreshTokenHash === journal.refreshTokenHash;
  return { ...found, version, document: { ...found.document, lease, journal }, interrupted };
}

/**
 * Gives the lease back after a failure. The journal stays where the outcome is unknown.
 *
 * @param retryAt nobody may ask the provider before.
 */
export async function release(
  store: RefreshDependencies['store'],
  held: Held,
  outcome: 'not_processed' | 'unknown',
  retryAt: number | null = null,
): Promise<void> {
  const journal = outcome === 'unknown' || held.interrupted ? held.document.journal : null;
  // Whether it was written does not matter: a lost lease is no longer ours to give back.
  await store.update(held, { lease: null, journal, retryAt });
}

function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('base64url');
}
