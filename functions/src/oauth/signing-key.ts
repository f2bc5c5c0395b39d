import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type CryptoKey, importJWK } from 'jose';
import type { SigningKey } from '../providers/client-schema.ts';

type Algorithm = NonNullable<SigningKey['alg']>;

/** A private key in the form in which it signs, as `oauth4webapi` and `jose` take it. */
export interface Signer {
  readonly key: CryptoKey;
  readonly alg: Algorithm;
  readonly kid?: string;
}

/** @throws TypeError where it is no key, or not one for its algorithm. It says nothing of the key. */
export async function importSigningKey({ privateKey, alg, kid }: SigningKey): Promise<Signer> {
  try {
    const found = createPrivateKey(
      typeof privateKey === 'string' ? privateKey : { key: { ...privateKey }, format: 'jwk' },
    );
    const chosen = alg ?? usualAlgorithmOf(found);
    const key = await importJWK(found.export({ format: 'jwk' }), chosen);
    if (key instanceof Uint8Array) throw new TypeError('no private key');
    return { key, alg: chosen, ...(kid !== undefined && { kid }) };
  } catch {
    throw new TypeError('This is no private key of that algorithm.');
  }
}

const byCurve: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function usualAlgorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm {
  if (asymmetricKeyType === 'rsa') return 'RS256';
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  const alg = byCurve[asymmetricKeyDetails?.namedCurve ?? ''];
  if (alg === undefined) throw new TypeError('no usual algorithm');
  return alg;
}
