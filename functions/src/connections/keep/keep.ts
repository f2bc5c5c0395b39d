import { apiOf } from '../../calls/api-base.ts';
import { StrongroomError, unavailable } from '../../errors.ts';
import { withToldEnd } from '../../oauth/introspection.ts';
import type { Party } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Provider } from '../../providers/settings-schema.ts';
import { granted, schedule } from '../../refresh/schedule.ts';
import type { Account } from '../../store/documents.ts';
import type { Connected } from '../connection.ts';
import { connectionOf } from '../list.ts';
import { heal } from './heal.ts';
import type { KeepDependencies, Target } from './keeping.ts';
import { newConnection } from './new-connection.ts';
import { orRevoke } from './or-revoke.ts';

/**
 * Keeps a token set that a provider has just given: in the connection it heals, in the one that the
 * user has to that account already, or as a new one. If it cannot be kept it is revoked, so that no
 * grant is left that nobody knows of.
 */
export async function keep(
  dependencies: KeepDependencies,
  party: Party,
  target: Target,
  tokenSet: TokenSet,
  account: Account,
): Promise<Connected> {
  const { provider } = party;
  return orRevoke(party, tokenSet, async () => {
    // One whose API cannot be found would be of no use.
    apiOf(provider, tokenSet);
    const told = await withToldEnd(party, tokenSet);
    return keepOf(dependencies, provider, target, told, account);
  });
}

/** How often an account's connection may end just as it was found. */
const findings = 3;

/**
 * The same for what must not be revoked. Cost of a new connection: 3 writes, 2 where its account is not
 * known. One more consent to an account costs 3 reads and 2 writes.
 */
export async function keepOf(
  dependencies: KeepDependencies,
  provider: Provider,
  target: Target,
  tokenSet: TokenSet,
  account: Account,
): Promise<Connected> {
  const { connectionId, uid } = target;
  if (connectionId !== null) {
    return heal(dependencies, provider, { ...target, connectionId }, tokenSet, account);
  }
  for (let finding = 0; finding < findings; finding += 1) {
    const made = await create(dependencies, provider, target, tokenSet, account);
    if ('created' in made) return made;
    const { accountId, connectionId: known } = made;
    try {
      const healed = { ...target, connectionId: known };
      return await heal(dependencies, provider, healed, tokenSet, account);
    } catch (error) {
      if (!(error instanceof StrongroomError) || error.code !== 'connection_not_found') throw error;
      await dependencies.store.releaseAccount(uid, accountId, known);
    }
  }
  throw unavailable('firestore');
}

/** A connection that the user's account has already. */
interface Known {
  readonly accountId: string;
  readonly connectionId: string;
}

async function create(
  dependencies: KeepDependencies,
  provider: Provider,
  { uid, authorization }: Target,
  tokenSet: TokenSet,
  account: Account,
): Promise<Connected | Known> {
  const { store, outbox, clock, newId } = dependencies;
  const recorder = await outbox.open();
  const id = newId();
  const now = clock.now();
  const times = schedule(dependencies, provider, tokenSet, granted(now));
  const making = { id, uid, provider: provider.id, account, tokenSet, authorization, times, now };
  const { status, secret } = await newConnection(dependencies, making);
  const { patch, documents } = recorder.connection(
    { connectionId: id, uid, provider: provider.id, events: secret.events },
    { type: 'connected', renewed: false },
  );
  if (!(await store.create(id, { ...secret, ...patch }, status, documents))) {
    const { accountId } = secret;
    const known = accountId && (await store.readAccount(uid, accountId));
    // Otherwise an earlier try of this very write, whose answer was lost.
    if (accountId && known && known !== id) return { accountId, connectionId: known };
  }
  await outbox.handOver(documents);
  return { ...connectionOf(id, status), created: true };
}
