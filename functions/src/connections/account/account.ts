import type { JWTPayload } from 'jose';
import type { Egress } from '../../egress/egress.ts';
import { log } from '../../logs.ts';
import type { Party } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Account } from '../../store/documents.ts';
import { askProfile, profileSourceOf, readProfile } from './ask-profile.ts';
import { accountOf, type Profile, profileOf } from './profile-claims.ts';
import { toldApart } from './told-apart.ts';

/**
 * Whose account has just been connected. Where nobody tells, or what is told cannot be used, as much
 * as the ID token says: a profile that fails must not cost the grant. Never throws.
 *
 * @param claims the ID token's, validated; undefined without one.
 */
export type FindAccount = (
  party: Party,
  tokenSet: TokenSet,
  claims: JWTPayload | undefined,
) => Promise<Account>;

/** Cost: none where the ID token says enough, else one request to the provider. */
export function createFindAccount(egress: Egress): FindAccount {
  return async (party, tokenSet, claims) =>
    toldApart(party.provider, tokenSet, await find(party, tokenSet, claims));

  async function find(...[party, tokenSet, claims]: Parameters<FindAccount>): Promise<Account> {
    const told = profileOf(claims);
    if (isEnough(told, tokenSet.scopes)) return accountOf(told);
    try {
      const source = profileSourceOf(party, tokenSet);
      if (source === undefined) return accountOf(told);
      const response = await askProfile(egress, party, source, tokenSet);
      if (!response.ok) throw new Error(`The provider answered ${response.status}.`);
      const raw = await readProfile(party, source, response, { tokenSet, subject: claims?.sub });
      const map = source.kind === 'endpoint' ? source.profile.map : undefined;
      return accountOf({ ...profileOf(raw, map), ...told });
    } catch (error) {
      log.profileNotRead(party.provider.id, error);
      return accountOf(told);
    }
  }
}

/** Whether an ID token tells what the scopes promise (OpenID Connect Core 1.0 §5.4). */
export function isEnough({ sub, name, email }: Profile, scopes: readonly string[]): boolean {
  if (sub === undefined) return false;
  const hasName = name !== undefined || !scopes.includes('profile');
  return hasName && (email !== undefined || !scopes.includes('email'));
}
