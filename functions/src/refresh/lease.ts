import type { Timestamp } from 'firebase-admin/firestore';
import { StrongroomError } from '../errors.ts';
import type { Journal, Lease, VaultDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import type { RefreshDependencies } from './dependencies.ts';
import { take } from './protocol.ts';

/** A vault document whose refresh token this attempt alone may spend, and its journal. */
export type Held = Stored<VaultDocument> & {
  readonly document: { readonly lease: Lease; readonly journal: Journal };
  /** An earlier attempt ended without a known outcome: its token may be spent already. */
  readonly isInterrupted: boolean;
};

/**
 * Takes the lease and writes the journal, in one compare-and-set; no lock is held anywhere. Waits
 * where the last holder has vanished and his result may still be on its way.
 * How long it lives and how long that wait is: `leaseMs` and `doubtMs` in `protocol.ts`.
 *
 * @returns undefined where somebody else was first: read again.
 */
export async function acquire(
  { store, clock }: Pick<RefreshDependencies, 'store' | 'clock'>,
  found: Stored<VaultDocument>,
  attempt: Omit<Parameters<typeof take>[1], 'now' | 'isForeign'>,
): Promise<Held | undefined> {
  const { lease, journal, isInterrupted, waitMs } = take(found.document, {
    ...attempt,
    isForeign: found.isForeign,
    now: clock.now(),
  });
  const version = await written(store, found, { lease, journal });
  if (version === undefined) return undefined;
  const document = { ...found.document, lease, journal };
  const held = { ...found, version, document, isInterrupted };
  if (waitMs === 0) return held;

  await clock.sleep(waitMs);
  const now = await store.readVault(found.id);
  if (now?.document.lease?.owner !== attempt.id) return undefined;
  // Whatever else was written meanwhile, such as a warning, leaves the token in doubt.
  if (now.document.generation === found.document.generation) {
    return { ...now, document: { ...now.document, lease, journal }, isInterrupted };
  }
  // The result has come. What was taken meanwhile is given back.
  await store.update(now, { lease: null, journal: null });
  return undefined;
}

/** How often a bystander may be faster. */
const settleAttempts = 5;

/**
 * Writes what an attempt has to say of a document. A bystander's write, of a warning or a new key,
 * is no reason to keep it back; another lease, token set or authorization is.
 *
 * @param write compare and set over the document as it is given; undefined where somebody was first.
 * @returns undefined where it is another's to say something.
 */
export async function settleDocument(
  store: RefreshDependencies['store'],
  found: Stored<VaultDocument>,
  write: (current: Stored<VaultDocument>) => Promise<Timestamp | undefined>,
): Promise<Timestamp | undefined> {
  let current = found;
  for (let attempt = 0; attempt < settleAttempts; attempt += 1) {
    const version = await write(current);
    if (version !== undefined) return version;
    const now = await store.readVault(found.id);
    if (now === undefined || !isUnmoved(found.document, now.document)) return undefined;
    current = now;
  }
  return undefined;
}

function isUnmoved(before: VaultDocument, now: VaultDocument): boolean {
  return (
    now.generation === before.generation &&
    now.authorization === before.authorization &&
    now.status === before.status &&
    now.lease?.owner === before.lease?.owner
  );
}

/**
 * Writes it. A write whose answer was lost is looked for, or its lease would stand in the way; where
 * the client library repeats it, it says that somebody was first, and that was we.
 */
async function written(
  store: RefreshDependencies['store'],
  found: Stored<VaultDocument>,
  taking: { readonly lease: Lease; readonly journal: Journal },
) {
  try {
    const version = await store.update(found, taking);
    if (version !== undefined) return version;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
  }
  const now = await store.readVault(found.id);
  return now?.document.lease?.owner === taking.lease.owner ? now.version : undefined;
}
