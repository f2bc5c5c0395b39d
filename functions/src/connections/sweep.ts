import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { ConnectionStore } from '../store/connection-store.ts';

interface SweepDependencies {
  readonly store: ConnectionStore;
  /** Those of the given users who are gone. */
  readonly goneUsers: (uids: readonly string[]) => Promise<string[]>;
  readonly forget: (uid: string) => Promise<void>;
  /** Warns whom a grant's end is near. @returns how many. */
  readonly warn: () => Promise<number>;
  readonly clock: Clock;
}

const ownersPerSweep = 500;
const authorizationsPerSweep = 300;

/**
 * Tidies up what no event tells of: connections whose user was deleted in bulk, and authorizations
 * that nobody finished; and warns ahead of the end of grants. Each run looks at the next 500
 * connections and gives 10,000 warnings at most, so its cost is bounded.
 *
 * @throws StrongroomError of the first user whose connections could not be ended, or of the first
 *   warning that could not be given, after all were tried; the next run tries them again.
 */
export function createSweep({ store, goneUsers, forget, warn, clock }: SweepDependencies) {
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
    const gone = await goneUsers([...new Set(owners.map(({ uid }) => uid))]);
    const kept: unknown[] = [];
    for (const uid of gone) {
      await forget(uid).catch((error: unknown) => kept.push(error));
    }
    // Goes on in any case: a provider that is away must not keep the rest from being looked at.
    const last = owners.length < ownersPerSweep ? undefined : owners.at(-1)?.id;
    if (last !== after) await store.writeCursor(last);
    const forgotten = gone.length - kept.length;
    log.swept({ authorizations, looked: owners.length, forgotten, warned });
    for (const failure of [...unwarned, ...kept]) throw failure;
  };
}
