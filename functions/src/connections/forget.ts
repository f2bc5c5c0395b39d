import { log } from '../logs.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { Disconnect } from './disconnect.ts';

/**
 * Ends all connections of a user whose account is gone. Idempotent: what is gone stays gone.
 *
 * @throws StrongroomError of the first connection that could not be ended, after all were tried.
 */
export function createForget(store: ConnectionStore, disconnect: Disconnect) {
  return async (uid: string): Promise<void> => {
    const connections = await store.listOwned(uid);
    const failures: unknown[] = [];
    for (const id of connections) {
      await disconnect({ uid }, id, 'account_deleted').catch((error: unknown) =>
        failures.push(error),
      );
    }
    log.forgotten(connections.length - failures.length);
    if (failures.length > 0) throw failures[0];
  };
}
