import type { Audit } from '../../audit/audit.ts';
import { receiptOf } from '../../audit/receipt.ts';
import { StrongroomError } from '../../errors.ts';
import { log } from '../../logs.ts';
import type { Clock } from '../../platform/clock.ts';
import { inParallel } from '../../platform/in-parallel.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { ForgettingStore } from '../../store/forgetting-store.ts';
import type { EndConnection, Ending } from './end.ts';

interface ForgetDependencies {
  readonly store: Pick<ConnectionStore, 'listOwned'>;
  readonly forgettings: ForgettingStore;
  readonly end: EndConnection;
  readonly audit: Pick<Audit, 'prepare'>;
  readonly clock: Clock;
}

/** What a deletion came to. */
export interface Forgotten {
  /** Connections that were ended. */
  readonly connections: number;
  /** Those among them whose provider could not be reached: it is told as soon as it can be. */
  readonly pending: number;
}

export type Forget = (uid: string, cause?: Ending['cause']) => Promise<Forgotten>;

const pageSize = 50;
const atOnce = 5;

/**
 * Deletes all that is held of a user: his connections, revoked at their providers or on the way to
 * be; pending authorizations; his records in the audit. What stays is a receipt without personal
 * data. Page by page, so that memory is bounded; idempotent; whatever killed a run, the next one
 * finishes it. Where nothing is held it costs 7 reads and leaves no receipt.
 *
 * @throws StrongroomError of the first connection that could not be ended, after all were tried.
 */
export function createForget(dependencies: ForgetDependencies): Forget {
  const { store, forgettings, end, audit, clock } = dependencies;
  return async (uid, cause = 'account_deleted') => {
    const forgettingSince = (await forgettings.read(uid))?.beganAt ?? clock.now();
    const failures: unknown[] = [];
    for await (const page of store.listOwned(uid, pageSize)) {
      await inParallel(page, atOnce, async (connectionId) => {
        try {
          await end({ uid, connectionId, cause, forgettingSince });
        } catch (error) {
          // Another run was faster.
          if (!(error instanceof StrongroomError) || error.code !== 'connection_not_found')
            failures.push(error);
        }
      });
    }
    for (const failure of failures) throw failure;
    const begin = () => forgettings.begin(uid, forgettingSince);
    while ((await forgettings.removeRest(uid, begin)) > 0);

    const done = await forgettings.read(uid);
    // Nothing was held, or another run has finished it.
    if (done === undefined) return { connections: 0, pending: 0 };
    const actor = cause === 'user' ? 'user' : 'suite';
    await forgettings.finish(uid, await audit.prepare(receiptOf(uid, { actor, ...done })));
    log.forgotten(done.connections);
    return { connections: done.connections, pending: done.pending };
  };
}
