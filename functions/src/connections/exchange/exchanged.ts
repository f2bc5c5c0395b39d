import { log } from '../../logs.ts';
import type { AuthorizingParty } from '../../oauth/authorizing-party.ts';
import type { GivenTokens } from '../../oauth/given-tokens.ts';
import { revoke } from '../../oauth/revocation.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type { Account } from '../../store/documents.ts';
import type { FindAccount } from '../account/account.ts';
import { accountOf, profileOf } from '../account/profile-claims.ts';
import { toldApart } from '../account/told-apart.ts';
import type { Connected } from '../connection.ts';
import { keepOf } from '../keep/keep.ts';
import type { KeepDependencies } from '../keep/keeping.ts';
import type { Exchangeable } from './exchange-target.ts';

/** A token that was given for a connection's. */
export interface Exchanged {
  readonly party: AuthorizingParty;
  readonly allowed: Exchangeable;
  readonly given: GivenTokens;
  readonly tokenSet: TokenSet;
}

export interface KeepExchangedDependencies extends KeepDependencies {
  readonly settings: SettingsReader;
  readonly findAccount: FindAccount;
}

/** Where it came from, and whose it was asked to be. */
interface Origin {
  readonly uid: string;
  readonly connectionId: string;
  readonly account?: string | undefined;
}

/** Keeps it as a connection of its own. If it cannot be kept it is given up. Cost: 1 read, and `keep`'s. */
export async function keepExchanged(
  dependencies: KeepExchangedDependencies,
  { uid, connectionId, account: switched }: Origin,
  { party, allowed, given, tokenSet }: Exchanged,
): Promise<Connected> {
  const { store, settings, findAccount, newId } = dependencies;
  const { provider } = party;
  try {
    const source = (await store.readStatus(uid, connectionId))?.account ?? {};
    const kept = allowed.keepAs === undefined ? provider : await settings.provider(allowed.keepAs);
    // Of another account nothing is known by the one that it came from.
    const told =
      switched === undefined
        ? { ...source, ...toldApart(provider, tokenSet, accountOf(profileOf(given.claims))) }
        : await findAccount(party, tokenSet, given.claims);
    const account = kept.id === provider.id ? besides(source, told) : told;
    const target = { uid, connectionId: null, subject: null, authorization: newId() };
    return await keepOf(dependencies, kept, target, tokenSet, account);
  } catch (error) {
    await giveUp(party, tokenSet);
    throw error;
  }
}

/**
 * Whose account the new connection is shown with. To the same provider it must not pass for the one that
 * it came from: it would take its place.
 */
function besides(source: Account, account: Account): Account {
  if (account.subject !== source.subject) return account;
  const { subject: _same, ...shown } = account;
  return shown;
}

/** What nobody gets must not live on. Its refresh token stays: to revoke it could end the grant. */
export async function giveUp(
  party: AuthorizingParty,
  { accessToken, extra }: TokenSet,
): Promise<void> {
  const token = { accessToken, refreshToken: undefined, extra };
  await revoke(party, token).catch((failure: unknown) => log.revocationFailed(failure));
}
