import { StrongroomError } from '../errors.ts';
import { takesCredentials } from '../providers/credential-fields.ts';
import type { AuthorizingProvider, Provider } from '../providers/settings-schema.ts';
import type { Party, PartyFinder, PartyOf } from './party.ts';

/** A conversation with a provider whose users authorize the app in their browser. */
export type AuthorizingParty = Party & { readonly provider: AuthorizingProvider };

/** @throws as `PartyFinder`. */
export async function findAuthorizingParty(
  findParty: PartyFinder,
  provider: AuthorizingProvider,
  of?: PartyOf,
): Promise<AuthorizingParty> {
  const party = await findParty(provider, of);
  return { ...party, provider: authorizing(party.provider) };
}

/** @throws StrongroomError `invalid_argument`: its accounts are connected in another way. */
export function authorizing(provider: Provider): AuthorizingProvider {
  if (!takesCredentials(provider)) return provider;
  throw new StrongroomError(
    'invalid_argument',
    'Accounts of this provider are connected by credentials: call connections-add.',
    { field: 'provider' },
  );
}
