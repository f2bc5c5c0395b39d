import { log } from '../logs.ts';
import type { Party } from '../oauth/party.ts';
import { revoke } from '../oauth/revocation.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Stored } from '../store/connection-store.ts';
import { alive, type StatusDocument, type VaultDocument } from '../store/documents.ts';
import type { AttemptOutcome, RefreshDependencies } from './dependencies.ts';
import type { Held } from './lease.ts';
import { sealTokenSet } from './sealed-token-set.ts';

const commitPauseMs = 200;
/** How long the result of a refresh is tried to be written once its lease is over. */
const commitGraceMs = 30_000;

/**
 * Writes what the provider gave, with one compare-and-set that requires the lease. Where the lease
 * was lost meanwhile (this process stood still), the result is written as long as it is the newest,
 * and what belongs to the next holder is left alone.
 *
 * @throws StrongroomError `unavailable` where Firestore stays away until half a minute after the
 *   lease.
 */
export async function commit(
  dependencies: RefreshDependencies,
  party: Party,
  held: Held,
  previous: TokenSet,
  next: TokenSet,
): Promise<AttemptOutcome> {
  const { store, clock } = dependencies;
  const { provider } = party;
  const { uid, lease } = held.document;
  const scopes = previous.scopes.join() === next.scopes.join() ? {} : { scopes: next.scopes };

  let current: Stored<VaultDocument> = held;
  for (;;) {
    const generation = current.document.generation + 1;
    const owner = { uid, id: held.id, generation };
    const fields = await sealTokenSet(dependencies, provider, owner, next);
    const refreshed = {
      kind: 'refreshed',
      opened: { tokenSet: next, generation, uid, provider },
    } as const;
    try {
      const revival = revivalOf(current.document, clock.now());
      const status = { ...scopes, ...revival.status };
      const written = await store.update(
        current,
        {
          ...(current === held ? fields : withoutLease(fields)),
          ...revival.vault,
          committedBy: lease.owner,
        },
        Object.keys(status).length > 0 ? status : undefined,
      );
      if (written !== undefined) return refreshed;

      const reread = await store.readVault(held.id);
      if (reread === undefined) {
        // Disconnected meanwhile: what was just given must not outlive it.
        await revoke(party, next).catch((error: unknown) => log.revocationFailed(error));
        return { kind: 'again' };
      }
      // An earlier commit of ours whose answer was lost.
      if (reread.document.committedBy === lease.owner) return refreshed;
      if (isOvertaken(current.document, reread.document, next)) return { kind: 'again' };
      current = reread;
    } catch (error) {
      if (clock.now() > lease.until + commitGraceMs) throw error;
      await clock.sleep(commitPauseMs);
    }
  }
}

/** Whether the document has a token set that is newer than ours, or one of a new authorization. */
function isOvertaken(before: VaultDocument, now: VaultDocument, ours: TokenSet): boolean {
  if (now.authorization !== before.authorization) return true;
  return now.generation !== before.generation && now.obtainedAt >= ours.obtainedAt;
}

/** The lease and the journal in the document are another's. */
function withoutLease<T extends Partial<VaultDocument>>(patch: T) {
  const { lease: _lease, journal: _journal, ...rest } = patch;
  return rest;
}

interface Revival {
  readonly vault: Partial<VaultDocument>;
  readonly status: Partial<StatusDocument>;
}

/** Another found the token spent, by us, and gave the connection up: it lives. */
function revivalOf({ status, reason }: VaultDocument, updatedAt: number): Revival {
  if (status !== 'needs_reauth' || reason !== 'interrupted') return { vault: {}, status: {} };
  return { vault: alive, status: { ...alive, updatedAt } };
}
