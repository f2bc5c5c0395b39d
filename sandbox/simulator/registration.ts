import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** The app as it is registered with a simulated provider. */
export interface Registration {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly keyId: string;
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  readonly publicKey: KeyObject;
}

/** A new one. Elliptic keys are made at once; RSA is for who asks for it. */
export function register(key: 'EC' | 'RSA' = 'EC'): Registration {
  const { privateKey, publicKey } =
    key === 'EC'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clientId: `client-${randomBytes(6).toString('hex')}`,
    clientSecret: newSecret('secret'),
    keyId: randomBytes(6).toString('hex'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
  };
}

/** What nobody guesses, and everybody knows for an invention of the simulator's. */
export function newSecret(kind: string): string {
  return `simulated-${kind}-${randomBytes(18).toString('hex')}`;
}
