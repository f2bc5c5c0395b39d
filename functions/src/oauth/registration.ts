import type { ClientCertificate, SigningKey } from '../providers/client-schema.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** What a user handed over, by the names of the fields that he was asked for. */
export type Credentials = Readonly<Record<string, string>>;

type Method = Extract<Provider, { clientAuthentication: unknown }>['clientAuthentication'];

/** Who asks a provider, and how he proves that: the app, or a client of the user's own. */
export interface Registration {
  readonly clientId: string | undefined;
  readonly method: Method;
  /** The first that works is as good as the second. */
  readonly secrets: readonly string[];
  readonly keys: readonly SigningKey[];
  readonly certificate: ClientCertificate | undefined;
}

/** With which registration a provider is asked; one of the user's own is told apart by `isOwn`. */
export function registrationOf(provider: Provider, credentials: Credentials = {}): Registration {
  if (provider.kind === 'api-key' || provider.kind === 'basic') return nobody;
  const { clientAuthentication: method, clientId, clientCertificate: certificate } = provider;
  if (provider.kind !== 'client-credentials' || clientId !== undefined) {
    const { clientSecrets: secrets, clientKeys: keys } = provider;
    const known = clientId ?? credentials['client_id'];
    return { clientId: known, method, secrets, keys, certificate };
  }
  const { client_id: own, client_secret: secret } = credentials;
  return {
    clientId: own,
    method,
    secrets: secret === undefined ? [] : [secret],
    keys: signingKeysOf(credentials),
    certificate: undefined,
  };
}

const nobody: Registration = {
  clientId: undefined,
  method: 'none',
  secrets: [],
  keys: [],
  certificate: undefined,
};

/** The key that a user brought. */
export function signingKeysOf(
  { private_key: privateKey, key_id: kid }: Credentials,
  alg?: SigningKey['alg'],
): SigningKey[] {
  const named = { ...(alg !== undefined && { alg }), ...(kid !== undefined && { kid }) };
  return privateKey === undefined ? [] : [{ privateKey, ...named }];
}

/** Whether what a provider refuses is the user's to mend: the credentials are his, not the app's. */
export function isOwn(provider: Provider): boolean {
  switch (provider.kind) {
    case 'oidc':
    case 'oauth2':
      return false;
    case 'api-key':
    case 'basic':
      return true;
    case 'client-credentials':
      return provider.clientId === undefined;
    case 'jwt-bearer':
      return provider.assertionKeys.length === 0;
  }
}
