import { log } from '../../logs.ts';
import type { Clock } from '../../platform/clock.ts';
import { hourMs } from '../../platform/durations.ts';
import { inParallel } from '../../platform/in-parallel.ts';
import type { Standing } from '../../platform/users.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { ConnectionStatus } from '../../store/documents.ts';
import type { ForgettingStore } from '../../store/forgetting-store.ts';
import type { Owned } from '../../store/owner-store.ts';
import type { Forget } from '../end/forget.ts';
import type { Pause } from '../pause/pause.ts';

interface SweepDependencies {
  readonly store: ConnectionStore;
  readonly forgettings: Pick<ForgettingStore, 'listUnfinished' | 'abandon'>;
  readonly standings: (uids: readonly string[]) => Promise<ReadonlyMap<string, Standing>>;
  readonly forget: Forget;
  readonly pause: Pause;
  /** Warns whom a grant's end is near. @returns how many. */
  readonly warn: () => Promise<number>;
  /** Sees whether providers are back that nobody asks. */
  readonly probe: () => Promise<void>;
  readonly clock: Clock;
}

const pageSize = 500;
/** What a run looks at, at most. */
export const connectionsPerSweep = 5_000;
/** A run begins no further page after that long. */
const lookingMs = 60_000;
const authorizationsPerSweep = 300;
const unfinishedPerSweep = 100;
/** A deletion that was begun longer ago is no longer under way. */
const deletionMs = 15 * 60_000;
const usersAtOnce = 4;
/**
 * Firebase tells of no session that outlived a change of password until its token is renewed, an hour
 * later at most.
 */
const signedOutMs = hourMs;

/**
 * Tidies up what no event tells of: connections whose user was deleted in bulk, is disabled or signed out
 * everywhere, or is back; deletions that were begun and not finished, authorizations that nobody
 * finished, and providers that are said to be down while nobody asks them; and warns ahead of the end
 * of grants.
 * Each run looks at the next 5,000 connections, or at what a minute is enough for, and gives 10,000
 * warnings at most, so its cost is bounded. Where it has come to is written page by page: a run that
 * is cut off loses one.
 *
 * @throws of the first warning, probe or user that could not be seen to, after all were tried; the
 *   next run tries them again.
 */
export function createSweep(dependencies: SweepDependencies) {
  const { store, forgettings, standings, forget, pause, warn, probe, clock } = dependencies;
  return async (): Promise<void> => {
    const failures: unknown[] = [];
    let [looked, forgotten, paused, resumed] = [0, 0, 0, 0];
    const see = async (uid: string, standing: Standing, owned: readonly Owned[]) => {
      const has = (status: ConnectionStatus) =>
        owned.some((one) => one.uid === uid && one.status === status);
      if (standing.kind === 'gone') {
        await forget(uid);
        forgotten += 1;
      } else if (standing.kind === 'present') {
        if (has('paused')) resumed += await pause.resume(uid);
      } else if (standing.kind === 'disabled' || clock.now() - standing.since > signedOutMs) {
        if (has('active')) paused += await pause.pause(uid, standing.kind);
      }
    };
    /** @returns who is gone. */
    const seeTo = async (
      uids: Iterable<string>,
      owned: readonly Owned[] = [],
    ): Promise<ReadonlySet<string>> => {
      const found = [...(await standings([...new Set(uids)]))];
      await inParallel(found, usersAtOnce, async ([uid, standing]) => {
        try {
          await see(uid, standing, owned);
        } catch (error) {
          failures.push(error);
        }
      });
      return new Set(found.flatMap(([uid, { kind }]) => (kind === 'gone' ? uid : [])));
    };

    const warned = await warn().catch((error: unknown) => {
      failures.push(error);
      return 0;
    });
    await probe().catch((error: unknown) => failures.push(error));
    const authorizations = await store.removeStaleAuthorizations(
      clock.now(),
      authorizationsPerSweep,
    );
    const begunBefore = clock.now() - deletionMs;
    const unfinished = await forgettings.listUnfinished(begunBefore, unfinishedPerSweep);
    const gone = await seeTo(unfinished);
    // Who is still here was told that it failed, and may have connected anew since.
    for (const uid of unfinished) if (!gone.has(uid)) await forgettings.abandon(uid);

    const lookUntil = clock.ticks() + lookingMs;
    let after = await store.readCursor();
    do {
      const owners = await store.listOwners(after, pageSize);
      looked += owners.length;
      await seeTo(
        owners.flatMap(({ uid }) => uid ?? []),
        owners,
      );
      // Goes on in any case: a provider that is away must not keep the rest from being looked at.
      const next = owners.length < pageSize ? undefined : owners.at(-1)?.id;
      if (next !== after) await store.writeCursor(next);
      after = next;
    } while (after !== undefined && looked < connectionsPerSweep && clock.ticks() < lookUntil);
    log.swept({ authorizations, looked, forgotten, paused, resumed, warned });
    for (const failure of failures) throw failure;
  };
}
