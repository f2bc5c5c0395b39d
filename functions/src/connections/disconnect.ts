import { StrongroomError, unavailable } from '../errors.ts';
import type { ConnectionFact } from '../events/event.ts';
import { type Outbox, type Recorder, silent, subjectOf } from '../events/outbox.ts';
import type { Caller } from '../identity/caller.ts';
import { log } from '../logs.ts';
import { asOAuthFailure } from '../oauth/failure.ts';
import type { PartyFinder } from '../oauth/party.ts';
import { revoke } from '../oauth/revocation.ts';
import type { SettingsReader } from '../providers/settings.ts';
import { openTokenSet } from '../refresh/sealed-token-set.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { VaultDocument } from '../store/documents.ts';
import { connectionNotFound } from '../store/refusals.ts';
import type { Stored } from '../store/stored.ts';
import type { Sealer } from '../vault/seal.ts';

interface DisconnectDependencies {
  readonly store: ConnectionStore;
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

/** Whether the provider was told; `false`: it offers no revocation, or the grant was dead already. */
export interface Disconnected {
  readonly revoked: boolean;
}

/** Why a connection ends. */
type Cause = Extract<ConnectionFact, { type: 'disconnected' }>['cause'];

export type Disconnect = (
  caller: Caller,
  connectionId: string,
  cause?: Cause,
) => Promise<Disconnected>;

/** How often a refresh of the same connection may be faster than its end. */
const attempts = 5;

/**
 * Ends a connection: revoked at the provider (RFC 7009), then deleted here. Cost: 1 read, 3 writes.
 *
 * @throws StrongroomError `connection_not_found`; `unavailable` where the provider cannot be
 *   reached: nothing was deleted, so that the grant is not left alive and unknown. Try again.
 */
export function createDisconnect(dependencies: DisconnectDependencies): Disconnect {
  const { store, outbox, forgetToken } = dependencies;
  return async ({ uid }, connectionId, cause = 'user') => {
    let revoked = false;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const found = await store.readVault(connectionId);
      // Our own deletion, whose answer was lost, or another's: it is ended in any case.
      if (found === undefined && attempt > 0) return { revoked };
      if (found?.document.uid !== uid) throw connectionNotFound();
      const recorder = await recorderOf(outbox);
      revoked = await revokeAtProvider(dependencies, found);
      const { documents } = recorder.connection(subjectOf(found), { type: 'disconnected', cause });
      // Where a refresh was faster, its token set must be revoked as well.
      if (!(await store.remove(found, documents))) continue;
      forgetToken(connectionId);
      await outbox.handOver(documents);
      return { revoked };
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

async function revokeAtProvider(
  { settings, findParty, sealer }: DisconnectDependencies,
  found: Stored<VaultDocument>,
): Promise<boolean> {
  try {
    const provider = await settings.provider(found.document.provider);
    const tokenSet = await openTokenSet(sealer, found);
    return await revoke(await findParty(provider), tokenSet);
  } catch (error) {
    const failure = error instanceof StrongroomError ? error : asOAuthFailure(error);
    const known = failure instanceof StrongroomError ? failure : failure.toStrongroomError();
    // What will pass is worth another try; what will not must not keep the user connected.
    if (known.code === 'unavailable') throw known;
    log.revocationFailed(known);
    return false;
  }
}
