import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import { jwtBearerGrant } from '../../../sandbox/provider/jwt-bearer.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import type { World } from './world.ts';

/** A client's key, as the client has it and as the provider knows it. */
export interface MachineKey {
  readonly pem: string;
  readonly jwk: object;
  readonly publicJwk: object;
}

export function newKey(kid: string, alg: 'RS256' | 'PS256' | 'ES256' | 'EdDSA'): MachineKey {
  const pair =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
  return {
    pem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    jwk: jwkOf(pair.privateKey),
    publicJwk: { ...jwkOf(pair.publicKey), kid, alg, use: 'sig' },
  };
}

/** The secret of the machine clients; what stands in headers is written in other ways than it is. */
export const machineSecret = 'a secret: of "machines" + 100%/~';

const machine = {
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
} satisfies ClientMetadata | Record<string, unknown>;

/** Clients that come for themselves, one for each way to prove who they are. */
export function machineClients(keys: readonly MachineKey[]): ClientMetadata[] {
  const jwks = { keys: keys.map(({ publicJwk }) => publicJwk) };
  const secret = { client_secret: machineSecret };
  return [
    {
      ...{ ...machine, ...secret },
      client_id: 'machine',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      ...{ ...machine, ...secret },
      client_id: 'machine-post',
      token_endpoint_auth_method: 'client_secret_post',
    },
    ...(['RS256', 'PS256', 'ES256', 'EdDSA'] as const).map((alg) => ({
      ...machine,
      client_id: `machine-${alg}`,
      token_endpoint_auth_method: 'private_key_jwt' as const,
      token_endpoint_auth_signing_alg: alg,
      jwks,
    })),
    {
      ...machine,
      client_id: 'machine-account',
      grant_types: [jwtBearerGrant],
      token_endpoint_auth_method: 'none',
      jwks,
    },
  ];
}

/** What such providers have in common. */
export function serverOf(world: Pick<World, 'provider'>) {
  const { url } = world.provider;
  return {
    name: 'Machines',
    tokenEndpoint: `${url}/token`,
    revocationEndpoint: `${url}/token/revocation`,
    introspectionEndpoint: `${url}/token/introspection`,
    apiBaseUrl: `${url}/api`,
  };
}

/** Puts providers in force, as they are written in the settings, beside the standard ones. */
export function publishProviders(world: World, entries: Readonly<Record<string, object>>): void {
  world.publish((settings) => {
    // As a file has them: what they leave out is for the schema to fill in.
    const added: Settings['providers'] = JSON.parse(JSON.stringify(entries));
    return { ...settings, providers: { ...settings.providers, ...added } };
  });
}
