import type { ConnectionFact } from '../../events/event.ts';
import { type Outbox, subjectOf } from '../../events/outbox.ts';
import type { Clock } from '../../platform/clock.ts';
import { inParallel } from '../../platform/in-parallel.ts';
import { paused, resumed } from '../../refresh/paused.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { ConnectionStatus, VaultDocument } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';

interface PauseDependencies {
  readonly store: Pick<ConnectionStore, 'listOfStatus' | 'readVault' | 'update'>;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

/** Why a user's connections are paused. */
export type PauseCause = Extract<ConnectionFact, { type: 'paused' }>['cause'];

const pageSize = 100;
const atOnce = 5;
/** How often a refresh of the same connection may be faster. */
const attempts = 5;

type Change = (document: VaultDocument, now: number) => Partial<VaultDocument>;

/**
 * Pauses the connections of a user who is disabled or signed out everywhere, and ends the pause. Both are
 * idempotent and change nothing of the grant. Cost: 1 read and 3 writes per connection that changes
 * (status, vault, audit), at least 1 read.
 *
 * @returns how many connections have changed.
 * @throws StrongroomError `unavailable`: some may have changed.
 */
export function createPause({ store, outbox, clock, forgetToken }: PauseDependencies) {
  /** @returns whether it has changed. */
  const changeOne = async (
    first: Stored<VaultDocument>,
    from: ConnectionStatus,
    change: Change,
    fact: ConnectionFact,
  ): Promise<boolean> => {
    const recorder = await outbox.open();
    let found: Stored<VaultDocument> | undefined = first;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (found?.document.status !== from) return false;
      const now = clock.now();
      const changed = change(found.document, now);
      const { patch, documents } = recorder.connection(subjectOf(found), fact);
      const said = {
        ...(changed.status && { status: changed.status }),
        reason: null,
        updatedAt: now,
      };
      if (await store.update(found, { ...changed, ...patch }, said, documents)) {
        forgetToken(found.id);
        await outbox.handOver(documents);
        return true;
      }
      found = await store.readVault(found.id);
    }
    // It is refreshed again and again: whoever looks next tries again.
    return false;
  };

  const changeAll = async (
    uid: string,
    from: ConnectionStatus,
    change: Change,
    fact: ConnectionFact,
  ): Promise<number> => {
    let changes = 0;
    for await (const page of store.listOfStatus(uid, from, pageSize)) {
      await inParallel(page, atOnce, async (found) => {
        if (await changeOne(found, from, change, fact)) changes += 1;
      });
    }
    return changes;
  };

  return {
    pause: (uid: string, cause: PauseCause) =>
      changeAll(uid, 'active', paused, { type: 'paused', cause }),
    resume: (uid: string) => changeAll(uid, 'paused', resumed, { type: 'resumed' }),
  };
}

export type Pause = ReturnType<typeof createPause>;
