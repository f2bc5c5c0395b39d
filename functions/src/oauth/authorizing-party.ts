import { StrongroomError } from '../errors.ts';
import type { AuthorizingProvider, Provider } from '../providers/settings-schema.ts';
import type { Party } from './party.ts';

/** A conversation with a provider whose users authorize the app in their browser. */
export type AuthorizingParty = Party & { readonly provider: AuthorizingProvider };

/** @throws StrongroomError `invalid_argument`: its accounts are connected in another way. */
export function authorizing(provider: Provider): AuthorizingProvider {
  if (provider.kind === 'oidc' || provider.kind === 'oauth2') return provider;
  throw new StrongroomError(
    'invalid_argument',
    'Accounts of this provider are connected by credentials: call connections-add.',
    { field: 'provider' },
  );
}
