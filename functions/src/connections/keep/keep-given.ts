import type { AuthorizingParty } from '../../oauth/authorizing-party.ts';
import type { DpopKey } from '../../oauth/dpop.ts';
import type { GivenTokens } from '../../oauth/given-tokens.ts';
import { refusedScopesOf } from '../../oauth/granted-scopes.ts';
import { tokenSetOf } from '../../oauth/token-set.ts';
import type { Values } from '../../providers/variables.ts';
import type { AuthorizationDocument } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';
import type { FindAccount } from '../account/account.ts';
import type { LookUp } from '../account/look-up.ts';
import type { Connected } from '../connection.ts';
import { keep } from './keep.ts';
import type { KeepDependencies } from './keeping.ts';
import { orRevoke } from './or-revoke.ts';

export interface KeepGivenDependencies extends KeepDependencies {
  readonly lookUp: LookUp;
  readonly findAccount: FindAccount;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

interface Asked {
  /** When the request was sent. */
  readonly obtainedAt: number;
  /** What the tokens were asked to be bound to. */
  readonly dpopKey?: DpopKey | undefined;
  /** What the user said, or his browser brought: kept with the tokens. */
  readonly extra?: Values | undefined;
}

/**
 * Keeps what a provider gave for an authorization, with what is looked up besides, and tells which scopes
 * it refused. See `LookUp`, `keep`.
 */
export async function keepGiven(
  dependencies: KeepGivenDependencies,
  party: AuthorizingParty,
  { id, document }: Stored<AuthorizationDocument>,
  { answer, claims }: GivenTokens,
  asked: Asked,
): Promise<Connected> {
  const { provider } = party;
  const { scopes } = document;
  const given = tokenSetOf(answer, { provider, scopes, ...asked });
  const tokenSet = await orRevoke(party, given, () => dependencies.lookUp(party, given));
  const account = await dependencies.findAccount(party, tokenSet, claims);
  const target = { ...document, authorization: id };
  const connection = await keep(dependencies, party, target, tokenSet, account);
  dependencies.forgetToken(connection.id);
  const refusedScopes = refusedScopesOf(provider, scopes, tokenSet);
  return { ...connection, ...(refusedScopes.length > 0 && { refusedScopes }) };
}
