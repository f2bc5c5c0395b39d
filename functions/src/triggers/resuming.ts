import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import { suite } from './suite.ts';

/**
 * Does a piece of work. Where it meets a paused connection of a user who proves to be back, his
 * connections go on, and it is done once more: nobody waits for the sweep. A service proves nothing of
 * the kind.
 *
 * @param isBack throws where the user is disabled still or his session is revoked.
 */
export async function resuming<T>(
  { uid, service }: Caller,
  isBack: () => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isPaused = error instanceof StrongroomError && error.code === 'connection_paused';
    if (!isPaused || service !== undefined) throw error;
    await isBack();
    if ((await suite().resume(uid)) === 0) throw error;
    return work();
  }
}
