import type { TokenSet } from '../oauth/token-set.ts';

/** The headers that carry the credential (RFC 6750 §2.1). */
export function credentialOf({ accessToken }: Pick<TokenSet, 'accessToken'>) {
  return { authorization: `Bearer ${accessToken}` };
}
