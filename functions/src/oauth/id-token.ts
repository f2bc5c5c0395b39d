import { compactVerify, errors, type JWTVerifyGetKey } from 'jose';
import { StrongroomError, unavailable } from '../errors.ts';
import { IssuerUnavailable } from '../identity/bearer.ts';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import { OAuthFailure } from './failure.ts';

/**
 * The keys that sign a provider's ID tokens, where they are to be checked.
 *
 * @returns undefined: the token endpoint vouches for them (OpenID Connect Core 1.0 §3.1.3.7, 6).
 * @throws StrongroomError `provider_misconfigured` where the provider names none.
 */
export function idTokenKeysOf(party: AuthorizingParty): JWTVerifyGetKey | undefined {
  const { provider, idTokenKeys } = party;
  if (provider.idTokenSignature === 'transport') return undefined;
  if (idTokenKeys === undefined && provider.kind === 'oidc') {
    throw new StrongroomError(
      'provider_misconfigured',
      `The provider ${provider.id} names no keys (jwks_uri) by which its ID tokens could be checked. ` +
        "Set idTokenSignature to 'transport' where it signs none.",
      { field: `providers.${provider.id}.idTokenSignature` },
    );
  }
  return idTokenKeys;
}

/**
 * Checks an ID token's signature: it says whose account is being connected. Only by a key of the
 * issuer's own, of a kind that nobody else can sign with: neither `none` nor a secret (RFC 8725 §3.1).
 *
 * @throws OAuthFailure `invalid`; StrongroomError `unavailable` where the keys cannot be had.
 */
export async function verifySignature(idToken: string, keys: JWTVerifyGetKey): Promise<void> {
  try {
    await compactVerify(idToken, keys, { algorithms: [...signatureAlgorithms] });
  } catch (error) {
    if (error instanceof IssuerUnavailable) throw unavailable('provider');
    if (error instanceof errors.JOSEError || error instanceof TypeError) {
      throw new OAuthFailure('invalid');
    }
    throw error;
  }
}
