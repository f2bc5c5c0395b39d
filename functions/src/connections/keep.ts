import { apiOf } from '../calls/api-base.ts';
import { StrongroomError } from '../errors.ts';
import { type Outbox, subjectOf } from '../events/outbox.ts';
import { log } from '../logs.ts';
import type { Party } from '../oauth/party.ts';
import { revoke } from '../oauth/revocation.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Clock } from '../platform/clock.ts';
import { granted, schedule } from '../refresh/schedule.ts';
import { sealTokenSet } from '../refresh/sealed-token-set.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { type Account, type AuthorizationDocument, alive } from '../store/documents.ts';
import { connectionNotFound } from '../store/refusals.ts';
import type { Sealer } from '../vault/seal.ts';
import type { Connection } from './connection.ts';
import { connectionOf } from './list.ts';
import { newConnection } from './new-connection.ts';

export interface KeepDependencies {
  readonly store: ConnectionStore;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A fresh, unguessable identifier. */
  readonly newId: () => string;
}

/** What is asked of this file: whose, at which provider, and which connection it heals, if any. */
type Target = Pick<AuthorizationDocument, 'uid' | 'connectionId' | 'subject'> & {
  /** Its document, to be deleted with the connection. */
  readonly authorization: string;
};

/**
 * Keeps a token set that a provider has just given: as a new connection, or in the one it heals. If
 * it cannot be kept it is revoked, so that no grant is left that nobody knows of.
 */
export async function keep(
  dependencies: KeepDependencies,
  party: Party,
  target: Target,
  tokenSet: TokenSet,
  account: Account,
): Promise<Connection> {
  try {
    // One whose API cannot be found would be of no use.
    apiOf(party.provider, tokenSet);
    return target.connectionId === null
      ? await create(dependencies, party, target, tokenSet, account)
      : await heal(
          dependencies,
          party,
          { ...target, connectionId: target.connectionId },
          tokenSet,
          account,
        );
  } catch (error) {
    await revoke(party, tokenSet).catch((failure: unknown) => log.revocationFailed(failure));
    throw error;
  }
}

async function create(
  dependencies: KeepDependencies,
  party: Party,
  { uid, authorization }: Target,
  tokenSet: TokenSet,
  account: Account,
): Promise<Connection> {
  const { store, outbox, clock, newId } = dependencies;
  const recorder = await outbox.open();
  const id = newId();
  const now = clock.now();
  const provider = party.provider.id;
  const times = schedule(dependencies, party.provider, tokenSet, granted(now));
  const making = { id, uid, provider, account, tokenSet, authorization, times, now };
  const { status, secret } = await newConnection(dependencies, making);
  const { patch, documents } = recorder.connection(
    { connectionId: id, uid, provider, events: secret.events },
    { type: 'connected', renewed: false },
  );
  await store.create(id, { ...secret, ...patch }, status, documents);
  await outbox.handOver(documents);
  return connectionOf(id, status);
}

/** How often a heal tries again when a refresh of the same connection was faster. */
const healAttempts = 5;

async function heal(
  dependencies: KeepDependencies,
  party: Party,
  { uid, connectionId, subject, authorization }: Target & { connectionId: string },
  tokenSet: TokenSet,
  account: Account,
): Promise<Connection> {
  const { store, outbox, clock } = dependencies;
  // Also where the answer does not tell whose it is: it could be anybody's.
  if (subject !== null && account.subject !== subject) {
    throw new StrongroomError(
      'account_mismatch',
      'That is not known to be the account connected here. Sign in there with the same account, ' +
        'asking for the scope openid, or connect it anew without connectionId.',
    );
  }
  const recorder = await outbox.open();
  for (let attempt = 0; attempt < healAttempts; attempt += 1) {
    // Both are read first: once the token set is written, nothing may fail any more.
    const [found, before] = await Promise.all([
      store.readVault(connectionId),
      store.readStatus(uid, connectionId),
    ]);
    if (found?.document.uid !== uid || before === undefined) throw connectionNotFound();
    // An earlier write of ours whose answer was lost.
    if (found.document.authorization === authorization) return connectionOf(connectionId, before);
    const generation = found.document.generation + 1;
    // The one that was asked, whatever the document has come to say.
    const provider = party.provider.id;
    const owner = { uid, id: connectionId, generation, provider };
    const fields = await sealTokenSet(dependencies, owner, tokenSet);
    const now = clock.now();
    const times = schedule(dependencies, party.provider, tokenSet, granted(now));
    const needed = found.document.status === 'needs_reauth';
    const { patch, documents } = recorder.connection(
      subjectOf(found),
      needed ? { type: 'recovered' } : { type: 'connected', renewed: true },
    );
    const committed = { provider, authorization, committedBy: null, ...patch };
    const secret = { ...fields, ...times.vault, ...alive, ...committed };
    const status = {
      ...alive,
      scopes: [...tokenSet.scopes],
      account,
      needsReauthAt: null,
      reauthDueInDays: null,
      updatedAt: now,
      ...times.status,
    };
    const writing = store.update(found, secret, status, documents);
    const version = await writing.catch((error: unknown) => {
      if (!(error instanceof StrongroomError)) throw error;
      // It may have been written all the same: the next read tells.
      return undefined;
    });
    if (version !== undefined) {
      await outbox.handOver(documents);
      return connectionOf(connectionId, { ...before, ...status });
    }
  }
  throw new StrongroomError('unavailable', 'The connection is busy. Connect the account again.', {
    dependency: 'firestore',
  });
}
