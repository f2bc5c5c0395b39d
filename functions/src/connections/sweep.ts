import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { ConnectionStore } from '../store/connection-store.ts';

interface SweepDependencies {
  readonly store: ConnectionStore;
  /** Those of the given users who are gone. */
  readonly goneUsers: (uids: readonly string[]) => Promise<string[]>;
  readonly forget: (uid: string) => Promise<void>;
  readonly clock: Clock;
}

const ownersPerSweep = 500;
const authorizationsPerSweep = 300;

/**
 * Tidies up what no event tells of: connections whose user was deleted in bulk, and authorizations
 * that nobody finished. Each run looks at the next 500 connections, so its cost is bounded.
 */
export function createSweep({ store, goneUsers, forget, clock }: SweepDependencies) {
  return async (): Promise<void> => {
    const authorizations = await store.removeStaleAuthorizations(
      clock.now(),
      authorizationsPerSweep,
    );
    const after = await store.readCursor();
    const owners = await store.listOwners(after, ownersPerSweep);
    const gone = await goneUsers([...new Set(owners.map(({ uid }) => uid))]);
    for (const uid of gone) await forget(uid);
    const last = owners.length < ownersPerSweep ? undefined : owners.at(-1)?.id;
    if (last !== after) await store.writeCursor(last);
    log.swept({ authorizations, looked: owners.length, forgotten: gone.length });
  };
}
