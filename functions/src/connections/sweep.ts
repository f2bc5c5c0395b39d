import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { inParallel } from '../platform/in-parallel.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { ForgettingStore } from '../store/forgetting-store.ts';
import type { Forget } from './forget.ts';

interface SweepDependencies {
  readonly store: ConnectionStore;
  readonly forgettings: Pick<ForgettingStore, 'listUnfinished' | 'abandon'>;
  /** Those of the given users who are gone. */
  readonly goneUsers: (uids: readonly string[]) => Promise<string[]>;
  readonly forget: Forget;
  /** Warns whom a grant's end is near. @returns how many. */
  readonly warn: () => Promise<number>;
  readonly clock: Clock;
}

const ownersPerSweep = 500;
const authorizationsPerSweep = 300;
const unfinishedPerSweep = 100;
/** A deletion that was begun longer ago is no longer under way. */
const deletionMs = 15 * 60_000;
const usersAtOnce = 4;

/**
 * Tidies up what no event tells of: connections whose user was deleted in bulk, deletions that were
 * begun and not finished, and authorizations that nobody finished; and warns ahead of the end of grants.
 * Each run looks at the next 500 connections and gives 10,000 warnings at most, so its cost is
 * bounded.
 *
 * @throws StrongroomError of the first user whose connections could not be ended, or of the first
 *   warning that could not be given, after all were tried; the next run tries them again.
 */
export function createSweep(dependencies: SweepDependencies) {
  const { store, forgettings, goneUsers, forget, warn, clock } = dependencies;
  return async (): Promise<void> => {
    const unwarned: unknown[] = [];
    const warned = await warn().catch((error: unknown) => {
      unwarned.push(error);
      return 0;
    });
    const authorizations = await store.removeStaleAuthorizations(
      clock.now(),
      authorizationsPerSweep,
    );
    const after = await store.readCursor();
    const owners = await store.listOwners(after, ownersPerSweep);
    const begunBefore = clock.now() - deletionMs;
    const unfinished = await forgettings.listUnfinished(begunBefore, unfinishedPerSweep);
    const gone = await goneUsers([...new Set([...owners.map(({ uid }) => uid), ...unfinished])]);
    const kept: unknown[] = [];
    await inParallel(gone, usersAtOnce, async (uid) => {
      await forget(uid).catch((error: unknown) => kept.push(error));
    });
    // Who is still here was told that it failed, and may have connected anew since.
    for (const uid of unfinished) if (!gone.includes(uid)) await forgettings.abandon(uid);
    // Goes on in any case: a provider that is away must not keep the rest from being looked at.
    const last = owners.length < ownersPerSweep ? undefined : owners.at(-1)?.id;
    if (last !== after) await store.writeCursor(last);
    const forgotten = gone.length - kept.length;
    log.swept({ authorizations, looked: owners.length, forgotten, warned });
    for (const failure of [...unwarned, ...kept]) throw failure;
  };
}
