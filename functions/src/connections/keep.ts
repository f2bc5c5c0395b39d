import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Party } from '../oauth/party.ts';
import { revoke } from '../oauth/revocation.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Clock } from '../platform/clock.ts';
import { connectionNotFound } from '../refresh/engine.ts';
import { refreshAtOf } from '../refresh/freshness.ts';
import type { Sealer } from '../vault/seal.ts';
import type { Account, Connection } from './connection.ts';
import type { AuthorizationDocument, StatusDocument } from './documents.ts';
import { connectionOf } from './list.ts';
import type { ConnectionStore } from './store.ts';

export interface KeepDependencies {
  readonly store: ConnectionStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A fresh, unguessable identifier. */
  readonly newId: () => string;
}

/** Over how many shards the index of due connections is spread. */
export const shards = 4;

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
  const { store, clock, random, newId } = dependencies;
  const id = newId();
  const now = clock.now();
  const status: StatusDocument = {
    provider: party.provider.id,
    status: 'active',
    reason: null,
    scopes: [...tokenSet.scopes],
    account,
    createdAt: now,
    updatedAt: now,
  };
  const fields = await vaultFieldsOf(dependencies, party, { uid, id, generation: 1 }, tokenSet);
  const shard = Math.floor(random() * shards);
  const provider = party.provider.id;
  await store.create(id, { uid, provider, shard, authorization, ...fields }, status);
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
  const { store, clock } = dependencies;
  if (subject !== null && account.subject !== undefined && account.subject !== subject) {
    throw new StrongroomError(
      'account_mismatch',
      'That is another account than the one connected here. Sign in there with the same account, ' +
        'or connect it anew without connectionId.',
    );
  }
  for (let attempt = 0; attempt < healAttempts; attempt += 1) {
    const found = await store.readVault(connectionId);
    if (found?.document.uid !== uid) throw connectionNotFound();
    const generation = found.document.generation + 1;
    const fields = await vaultFieldsOf(
      dependencies,
      party,
      { uid, id: connectionId, generation },
      tokenSet,
    );
    const written = await store.update(
      found,
      { ...fields, authorization },
      {
        status: 'active',
        reason: null,
        scopes: [...tokenSet.scopes],
        account,
        updatedAt: clock.now(),
      },
    );
    if (written === undefined) continue;
    const status = await store.readStatus(uid, connectionId);
    if (status === undefined) throw connectionNotFound();
    return connectionOf(connectionId, status);
  }
  throw new StrongroomError('unavailable', 'The connection is busy. Connect the account again.', {
    dependency: 'firestore',
  });
}

async function vaultFieldsOf(
  { sealer, random }: KeepDependencies,
  party: Party,
  { uid, id, generation }: { uid: string; id: string; generation: number },
  tokenSet: TokenSet,
) {
  const place = { uid, document: id, field: 'tokenSet', generation } as const;
  const { jwe, kid } = await sealer.seal(tokenSet, place);
  return {
    status: 'active',
    reason: null,
    generation,
    sealed: jwe,
    keyVersion: kid,
    obtainedAt: tokenSet.obtainedAt,
    expiresAt: tokenSet.expiresAt ?? null,
    refreshAt: refreshAtOf(tokenSet, party.provider, random) ?? null,
    lease: null,
    journal: null,
    committedBy: null,
  } as const;
}
