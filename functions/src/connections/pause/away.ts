import { log } from '../../logs.ts';
import type { Clock } from '../../platform/clock.ts';
import { minuteMs } from '../../platform/durations.ts';
import type { Standing } from '../../platform/users.ts';
import type { Pause } from './pause.ts';

interface AwayDependencies {
  readonly standings: (uids: readonly string[]) => Promise<ReadonlyMap<string, Standing>>;
  readonly pause: Pause['pause'];
  readonly clock: Clock;
}

const rememberedMax = 1_000;

/**
 * What follows where Firebase Auth says of a genuine token that its user is disabled or that its session
 * was revoked: his connections are paused, unless he has a session that was not. Once per user, minute
 * and instance, so that who repeats himself costs nothing: 1 request to Firebase Auth, 1 read where there
 * is nothing to pause.
 *
 * Never throws: what is missed here, the sweep finds.
 */
export function createAway({ standings, pause, clock }: AwayDependencies) {
  const looked = new Map<string, number>();
  return async (uid: string): Promise<void> => {
    const minute = Math.floor(clock.ticks() / minuteMs);
    if (looked.get(uid) === minute) return;
    if (looked.size >= rememberedMax) looked.clear();
    looked.set(uid, minute);
    try {
      const kind = (await standings([uid])).get(uid)?.kind;
      if (kind === 'disabled' || kind === 'signed_out') await pause(uid, kind);
    } catch (error) {
      looked.delete(uid);
      log.notPaused(error);
    }
  };
}
