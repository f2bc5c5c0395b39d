import { StrongroomError } from '../errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { authorizationIdOf } from './begin.ts';

/**
 * Where the callback page hands an authorization response to. Cost: 1 read.
 *
 * @throws StrongroomError `state_unknown`, `state_used`, `state_expired`: nothing is handed on.
 */
export function createCallbackTarget({ store, clock }: { store: ConnectionStore; clock: Clock }) {
  return async (state: string): Promise<URL> => {
    const found = await store.readAuthorization(authorizationIdOf(state));
    if (found === undefined) {
      throw new StrongroomError('state_unknown', 'Nobody here is waiting for this answer.');
    }
    if (found.document.usedAt !== null) {
      throw new StrongroomError('state_used', 'This account was connected already.');
    }
    if (clock.now() >= found.document.expiresAt) {
      throw new StrongroomError('state_expired', 'This took too long. Start again in the app.');
    }
    return new URL(found.document.returnTo);
  };
}
