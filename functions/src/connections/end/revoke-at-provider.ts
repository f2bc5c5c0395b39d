import { StrongroomError } from '../../errors.ts';
import { asOAuthFailure, OAuthFailure } from '../../oauth/failure.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import { revoke } from '../../oauth/revocation.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { SettingsReader } from '../../providers/settings.ts';

export interface RevocationDependencies {
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
}

/** What became of an attempt to revoke a grant at its provider. */
export type Revocation =
  | { readonly kind: 'revoked' }
  /** It was dead already, or nobody gave it: a key is its user's own. */
  | { readonly kind: 'dead' }
  /** No further attempt would help. */
  | { readonly kind: 'never'; readonly reason: string }
  /** What is in the way will pass, or be mended by the team. */
  | { readonly kind: 'later'; readonly error: StrongroomError };

/** Failures of the team's making: for days, revoking waits for it to mend them. */
const mendable = new Set(['provider_misconfigured', 'settings_invalid', 'egress_refused']);

/** Revokes a grant at its provider. Throws nothing of ours: each failure is an outcome. */
export async function revokeAtProvider(
  { settings, findParty }: RevocationDependencies,
  providerId: string,
  tokenSet: Pick<TokenSet, 'accessToken' | 'refreshToken' | 'extra' | 'credentials'>,
): Promise<Revocation> {
  try {
    const provider = await settings.provider(providerId);
    if (provider.kind === 'api-key' || provider.kind === 'basic') return { kind: 'dead' };
    const party = await findParty(provider, tokenSet);
    const wasTold = await revoke(party, tokenSet);
    return wasTold ? { kind: 'revoked' } : { kind: 'never', reason: 'not_offered' };
  } catch (error) {
    const failure = error instanceof StrongroomError ? error : asOAuthFailure(error);
    if (failure instanceof OAuthFailure && failure.kind === 'user') return { kind: 'dead' };
    const known = failure instanceof StrongroomError ? failure : failure.toStrongroomError();
    // An answer that is none of OAuth's may come from something that stands in between.
    const isForeign =
      known.code === 'provider_answer_invalid' && known.details.providerError === undefined;
    return known.code === 'unavailable' || mendable.has(known.code) || isForeign
      ? { kind: 'later', error: known }
      : { kind: 'never', reason: known.details.providerError ?? known.code };
  }
}
