import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { IssuerNames } from '../providers/quirks/quirk.ts';

/**
 * The keys of an issuer with many tenants, which have one set of keys: one that says whose it is
 * (`issuer`) verifies nobody else's tokens.
 */
export function tenantKeys({ isNamed }: IssuerNames): (set: JSONWebKeySet) => JWTVerifyGetKey {
  return ({ keys }) =>
    (header, token) => {
      const { iss = '' } = decodeJwt(`.${String(token.payload)}.`);
      const own = keys.filter((key) => {
        const issuer: unknown = 'issuer' in key ? key.issuer : undefined;
        return issuer === undefined || (typeof issuer === 'string' && isNamed(iss, issuer));
      });
      return createLocalJWKSet({ keys: own })(header, token);
    };
}
