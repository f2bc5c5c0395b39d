import { createPrivateKey } from 'node:crypto';
import { importJWK } from 'jose';
import type { PrivateKey } from 'oauth4webapi';
import type { SigningKey } from '../providers/client-schema.ts';

/**
 * A private key in the form in which it signs.
 *
 * @throws TypeError where it is no key, or not one for its algorithm. It says nothing of the key.
 */
export async function importSigningKey({ privateKey, alg, kid }: SigningKey): Promise<PrivateKey> {
  try {
    const key = createPrivateKey(
      typeof privateKey === 'string' ? privateKey : { key: { ...privateKey }, format: 'jwk' },
    );
    const imported = await importJWK(key.export({ format: 'jwk' }), alg);
    if (imported instanceof Uint8Array) throw new TypeError('no private key');
    return { key: imported, ...(kid !== undefined && { kid }) };
  } catch {
    throw new TypeError('This is no private key of that algorithm.');
  }
}
