import type { AuthorizationServer } from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import { isNamed } from '../providers/hosts.ts';
import type {
  AuthorizingProvider,
  MachineProvider,
  Provider,
} from '../providers/settings-schema.ts';
import { fieldsOf, fill } from '../providers/template.ts';
import type { Credentials } from './registration.ts';

/** A provider's endpoints: as they are discovered, or as the settings have them. */
export async function serverOf(
  provider: Provider,
  credentials: Credentials = {},
  discover: (issuer: string) => Promise<AuthorizationServer>,
): Promise<AuthorizationServer> {
  switch (provider.kind) {
    case 'oidc':
      return {
        ...withRevocation(provider, await discover(provider.issuer)),
        ...introspectionOf(provider),
      };
    case 'oauth2':
      return written(provider);
    case 'client-credentials':
    case 'jwt-bearer': {
      const { issuer, tokenEndpoint } = provider;
      if (tokenEndpoint !== undefined) return ofMachine(provider, tokenEndpoint, credentials);
      if (issuer === undefined) throw withoutEndpoint(provider);
      return { ...(await discover(issuer)), ...introspectionOf(provider) };
    }
    case 'api-key':
    case 'basic':
      // There is nobody to ask for tokens.
      return { issuer: provider.id };
  }
}

/** The one that the settings name counts where discovery names none, or it is asked in its own way. */
function withRevocation(
  { revocationEndpoint: endpoint, revocation }: AuthorizingProvider,
  server: AuthorizationServer,
): AuthorizationServer {
  const isNamed = server.revocation_endpoint !== undefined && revocation === undefined;
  return endpoint === undefined || isNamed ? server : { ...server, revocation_endpoint: endpoint };
}

function introspectionOf({
  introspectionEndpoint: endpoint,
}: AuthorizingProvider | MachineProvider) {
  return endpoint === undefined ? {} : { introspection_endpoint: endpoint };
}

function written(provider: Extract<Provider, { kind: 'oauth2' }>): AuthorizationServer {
  const { pushedAuthorizationRequestEndpoint: pushed, jwksUri } = provider;
  const { deviceAuthorizationEndpoint: device } = provider;
  return {
    // RFC 8414 asks for an issuer; where a plain OAuth 2.0 provider names none, its origin serves.
    issuer: provider.issuer ?? new URL(provider.authorizationEndpoint).origin,
    authorization_endpoint: provider.authorizationEndpoint,
    token_endpoint: provider.tokenEndpoint,
    ...(provider.revocationEndpoint && { revocation_endpoint: provider.revocationEndpoint }),
    ...(provider.userinfoEndpoint && { userinfo_endpoint: provider.userinfoEndpoint }),
    ...(device && { device_authorization_endpoint: device }),
    ...(pushed && { pushed_authorization_request_endpoint: pushed }),
    ...(jwksUri && { jwks_uri: jwksUri }),
    id_token_signing_alg_values_supported: signingAlgorithmsOf(provider),
    ...introspectionOf(provider),
    authorization_response_iss_parameter_supported: provider.sendsIssuer,
  };
}

/**
 * Without a list of them the library takes RS256 alone. What a key can verify is verified by it
 * (`id-token.ts`); where none is, the client secret may have signed (OpenID Connect Core 1.0 §3.1.3.7).
 */
function signingAlgorithmsOf({
  jwksUri,
  idTokenSignature,
}: Extract<Provider, { kind: 'oauth2' }>): string[] {
  const isVerified = jwksUri !== undefined && idTokenSignature !== 'transport';
  return [...signatureAlgorithms, ...(isVerified ? [] : ['HS256', 'HS384', 'HS512'])];
}

function ofMachine(
  provider: MachineProvider,
  template: string,
  credentials: Credentials,
): AuthorizationServer {
  const endpoint = endpointOf(provider, template, credentials);
  const { revocationEndpoint } = provider;
  return {
    issuer: provider.issuer ?? endpoint.origin,
    token_endpoint: endpoint.href,
    ...(revocationEndpoint && { revocation_endpoint: revocationEndpoint }),
    ...introspectionOf(provider),
  };
}

/** What users give may lead to the hosts that the settings name, and to no other. */
function endpointOf(provider: MachineProvider, template: string, credentials: Credentials): URL {
  const names = fieldsOf(template);
  if (names.length === 0) return new URL(template);
  const filled = fill(template, credentials);
  const url = filled === undefined ? null : URL.parse(filled);
  if (url !== null && isNamed(url, provider.tokenHosts)) return url;
  const field = `credentials.${names[0]}`;
  throw new StrongroomError(
    'invalid_argument',
    `The field ${field} leads to a host that the settings do not name (tokenHosts).`,
    { field },
  );
}

function withoutEndpoint({ id }: Provider): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    `The provider ${id} has no token endpoint. Its settings must name tokenEndpoint or issuer.`,
    { field: `providers.${id}.tokenEndpoint` },
  );
}
