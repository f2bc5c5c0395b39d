import { StrongroomError } from '../../errors.ts';
import { subjectOf } from '../../events/outbox.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Provider } from '../../providers/settings-schema.ts';
import { earliest } from '../../refresh/due.ts';
import { granted, schedule } from '../../refresh/schedule.ts';
import { openTokenSet, sealTokenSet } from '../../refresh/sealed-token-set.ts';
import { accountIdOf } from '../../store/account-store.ts';
import {
  type Account,
  alive,
  type StatusDocument,
  type VaultDocument,
} from '../../store/documents.ts';
import { connectionNotFound } from '../../store/refusals.ts';
import type { Stored } from '../../store/stored.ts';
import type { Connected } from '../connection.ts';
import { connectionOf } from '../list.ts';
import type { KeepDependencies, Target } from './keeping.ts';

/** How often a heal tries again when a refresh of the same connection was faster. */
const healAttempts = 5;
/** How long it leaves a refresh alone that is under way. */
const busyMs = 300;

/**
 * Puts what a provider has just given in the place of what a connection has. Cost: 2 reads, 2 writes.
 *
 * @throws StrongroomError `account_mismatch`, `connection_not_found`, `unavailable`
 */
export async function heal(
  dependencies: KeepDependencies,
  provider: Provider,
  { uid, connectionId, subject, authorization }: Target & { connectionId: string },
  given: TokenSet,
  account: Account,
): Promise<Connected> {
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
  const answer = (document: StatusDocument): Connected => ({
    ...connectionOf(connectionId, document),
    created: false,
  });
  for (let attempt = 0; attempt < healAttempts; attempt += 1) {
    // Both are read first: once the token set is written, nothing may fail any more.
    const [found, before] = await Promise.all([
      store.readVault(connectionId),
      store.readStatus(uid, connectionId),
    ]);
    if (found?.document.uid !== uid || before === undefined) throw connectionNotFound();
    // An earlier write of ours whose answer was lost.
    if (found.document.authorization === authorization) return answer(before);
    const isSame = account.subject !== undefined && account.subject === before.account.subject;
    const mayOmit = provider.life.reconsentOmitsRefreshToken !== false;
    const kept = isSame && mayOmit ? await keptOf(dependencies, found, given) : undefined;
    if (kept === 'bound') return answer(before);
    if (kept === 'busy') {
      // What is being spent must not be written as if it were not. It works, and stays.
      if (attempt === healAttempts - 1) return answer(before);
      await clock.sleep(busyMs);
      continue;
    }
    const tokenSet = kept?.tokenSet ?? given;
    const generation = found.document.generation + 1;
    // The one that was asked, whatever the document has come to say.
    const owner = { uid, id: connectionId, generation, provider: provider.id };
    const fields = await sealTokenSet(dependencies, owner, tokenSet);
    const now = clock.now();
    const past = kept === undefined ? granted(now) : { ...found.document, usedAt: now };
    const times = schedule(dependencies, provider, tokenSet, pastOf(past));
    const refreshAt = earliest([times.vault.refreshAt, kept?.refreshAt ?? null]);
    const needed = found.document.status === 'needs_reauth';
    const { patch, documents } = recorder.connection(
      subjectOf(found),
      needed ? { type: 'recovered' } : { type: 'connected', renewed: true },
    );
    // Where another connection has the account, this one goes without.
    const accountId =
      attempt === 0 && !found.document.accountId && accountIdOf(provider.id, account);
    const secret = {
      ...fields,
      ...times.vault,
      refreshAt,
      ...alive,
      provider: provider.id,
      authorization,
      committedBy: null,
      ...(accountId && { accountId }),
      ...patch,
    };
    const status = {
      ...alive,
      scopes: [...tokenSet.scopes],
      account,
      ...(kept === undefined && { needsReauthAt: null, reauthDueInDays: null }),
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
      return answer({ ...before, ...status });
    }
  }
  throw new StrongroomError('unavailable', 'The connection is busy. Connect the account again.', {
    dependency: 'firestore',
  });
}

/** What decides about times to come, and nothing else of a document. */
function pastOf({
  grantedAt,
  refreshes,
  usedAt,
  needsReauthAt,
  warnAt,
}: ReturnType<typeof granted>) {
  return { grantedAt, refreshes, usedAt, needsReauthAt, warnAt };
}

interface Kept {
  readonly tokenSet: TokenSet;
  /** The old refresh token is as old as it was: it is not to be used later than it would have been. */
  readonly refreshAt: number | null;
}

/**
 * Some providers give a refresh token at the first consent only. What a further one leaves out is kept,
 * as long as it works.
 *
 * @returns undefined: there is nothing to keep; `busy`: it is being spent; `bound`: to a key of its own
 *   (RFC 9449), and a token set has one at most, so the old one stays as it is.
 */
async function keptOf(
  { sealer }: KeepDependencies,
  found: Stored<VaultDocument>,
  given: TokenSet,
): Promise<Kept | 'busy' | 'bound' | undefined> {
  const { status, lease, journal, refreshAt } = found.document;
  if (given.refreshToken !== undefined || status === 'needs_reauth') return undefined;
  let previous: TokenSet;
  try {
    previous = await openTokenSet(sealer, found);
  } catch (error) {
    // What cannot be opened is lost in any case: the new one heals it.
    if (error instanceof StrongroomError && error.code === 'sealed_value_rejected')
      return undefined;
    throw error;
  }
  const { refreshToken, refreshTokenExpiresAt, refreshTokenEndIsFixed, extra } = previous;
  if (refreshToken === undefined) return undefined;
  if (previous.dpopKey !== undefined || given.dpopKey !== undefined) return 'bound';
  if (lease !== null || journal !== null) return 'busy';
  const tokenSet = {
    ...given,
    refreshToken,
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    ...(refreshTokenEndIsFixed !== undefined && { refreshTokenEndIsFixed }),
    ...(extra !== undefined && { extra: { ...extra, ...given.extra } }),
  };
  return { tokenSet, refreshAt };
}
