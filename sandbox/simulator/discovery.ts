import { isAuthorizing } from './behaviour.ts';
import { issuerIn } from './id-token.ts';
import type { Simulation } from './simulation.ts';

/** Endpoints of an issuer whose data leaves them to discovery. */
export interface DiscoveredEndpoints {
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  readonly userinfo?: string;
  readonly revocation?: string;
}

/** Where an `oidc` provider's endpoints are: below its issuer. */
export function discoveredEndpoints({
  provider,
  samples,
}: Pick<Simulation, 'provider' | 'samples'>): DiscoveredEndpoints | undefined {
  if (provider.kind !== 'oidc') return undefined;
  const base = provider.issuer.replace(/\/$/, '');
  return {
    authorization: `${base}/simulated/authorize`,
    token: `${base}/simulated/token`,
    jwks: `${base}/simulated/keys`,
    ...(samples.userinfo !== undefined && { userinfo: `${base}/simulated/userinfo` }),
    // What the data names itself is not named by discovery.
    ...(samples.revocation !== undefined &&
      provider.revocationEndpoint === undefined && { revocation: `${base}/simulated/revoke` }),
  };
}

/** The discovery document (OpenID Connect Discovery 1.0 §3). */
export function discoveryDocument(simulation: Simulation): object {
  const endpoints = discoveredEndpoints(simulation);
  const { provider } = simulation;
  return {
    issuer: issuerIn(simulation),
    authorization_endpoint: endpoints?.authorization,
    token_endpoint: endpoints?.token,
    jwks_uri: endpoints?.jwks,
    userinfo_endpoint: endpoints?.userinfo,
    revocation_endpoint: endpoints?.revocation,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...(isAuthorizing(provider) &&
      provider.pkce === 'S256' && { code_challenge_methods_supported: ['S256'] }),
  };
}
