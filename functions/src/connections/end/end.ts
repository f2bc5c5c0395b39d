import { StrongroomError, unavailable } from '../../errors.ts';
import type { ConnectionFact } from '../../events/event.ts';
import { type Outbox, type Recorder, silent, subjectOf } from '../../events/outbox.ts';
import { log } from '../../logs.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Enqueue } from '../../platform/tasks.ts';
import { openTokenSet } from '../../refresh/sealed-token-set.ts';
import { type Companion, isEvent } from '../../store/companions.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { VaultDocument } from '../../store/documents.ts';
import { connectionNotFound } from '../../store/refusals.ts';
import type { Stored } from '../../store/stored.ts';
import type { Sealer } from '../../vault/seal.ts';
import {
  type Revocation,
  type RevocationDependencies,
  revokeAtProvider,
} from './revoke-at-provider.ts';
import { notRevoked, revokeLater } from './revoke-later.ts';

interface EndDependencies extends RevocationDependencies {
  readonly store: Pick<ConnectionStore, 'readVault' | 'remove'>;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

/** Which connection ends, and why. */
export interface Ending {
  readonly uid: string;
  readonly connectionId: string;
  readonly cause: Extract<ConnectionFact, { type: 'disconnected' }>['cause'];
  /**
   * Its user is being forgotten, since then: nothing is recorded of him, and one answer of a provider
   * does for all.
   */
  readonly forgettingSince?: number;
}

export type EndConnection = (ending: Ending) => Promise<Revocation['kind']>;

/** How often a refresh of the same connection may be faster than its end. */
const attempts = 5;
/** How long a provider that gave no answer is not asked again for others who are forgotten. */
const downMs = 30_000;

/**
 * Ends a connection: revoked at the provider (RFC 7009) or, where that must wait, handed to a task
 * that does it; then deleted here. Cost: 1 read, 3 writes; 1 write more each where its account is
 * known, where the grant lives on, and where its user is forgotten.
 *
 * @returns what became of the grant; `later`: a task has it.
 * @throws StrongroomError `connection_not_found`; `unavailable`: nothing was deleted. Try again.
 */
export function createEnd(dependencies: EndDependencies): EndConnection {
  const { store, outbox, forgetToken, clock } = dependencies;
  const downUntil = new Map<string, number>();

  const revoke = async (found: Stored<VaultDocument>, forgets: boolean): Promise<Revocation> => {
    const { uid, provider, generation } = found.document;
    let tokenSet: TokenSet;
    try {
      tokenSet = await openTokenSet(dependencies.sealer, found);
    } catch (error) {
      if (!(error instanceof StrongroomError) || error.code === 'unavailable') throw error;
      // What cannot be opened must not keep the user connected.
      return { kind: 'never', reason: error.code };
    }
    const isDown = forgets && clock.ticks() < (downUntil.get(provider) ?? 0);
    const outcome: Revocation = isDown
      ? { kind: 'later', error: unavailable('provider') }
      : await revokeAtProvider(dependencies, provider, tokenSet);
    if (outcome.kind === 'never') log.grantNotRevoked(found.id, outcome.reason);
    if (outcome.kind !== 'later') return outcome;
    if (!isDown) {
      downUntil.set(provider, clock.ticks() + downMs);
      log.revocationFailed(outcome.error);
    }
    const ended = { connectionId: found.id, generation, provider, tokenSet };
    await revokeLater(dependencies, { ...ended, uid: forgets ? null : uid });
    return outcome;
  };

  return async ({ uid, connectionId, cause, forgettingSince }) => {
    const forgets = forgettingSince !== undefined;
    let outcome: Revocation = { kind: 'dead' };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const found = await store.readVault(connectionId);
      // Our own deletion, whose answer was lost, or another's: it is ended in any case.
      if (found === undefined && attempt > 0) return outcome.kind;
      if (found?.document.uid !== uid) throw connectionNotFound();
      const recorder = await recorderOf(outbox);
      outcome = await revoke(found, forgets);
      const { documents } = recorder.connection(subjectOf(found), { type: 'disconnected', cause });
      const { provider } = found.document;
      const companions: Companion[] = [
        ...(forgets ? documents.filter(isEvent) : documents),
        ...(outcome.kind === 'never'
          ? recorder.audit(
              notRevoked({ uid: forgets ? null : uid, connectionId, provider }, outcome.reason),
            )
          : []),
        ...(forgets
          ? [{ forgetting: uid, beganAt: forgettingSince, isPending: outcome.kind === 'later' }]
          : []),
      ];
      // Where a refresh was faster, its token set must be revoked as well.
      if (!(await store.remove(found, companions))) continue;
      forgetToken(connectionId);
      await outbox.handOver(companions);
      return outcome.kind;
    }
    throw unavailable('firestore');
  };
}

/** Settings that nobody can read must not keep the user connected; that they are is logged. */
async function recorderOf(outbox: Outbox): Promise<Recorder> {
  try {
    return await outbox.open();
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== 'settings_invalid') throw error;
    log.refused('disconnected', error);
    return silent;
  }
}
