import { type ClientMetadata, type Configuration, errors } from 'oidc-provider';

/** Of the clients below. The sandbox listens on this machine only and guards nothing. */
export const serviceSecret = 'sandbox';

/** Clients that come for themselves (RFC 6749 §4.4), and what each may ask for. */
const scopesOf: Readonly<Record<string, string>> = {
  'strongroom-service': 'connections.read connections.write tokens.read calls.write',
  'parts-client': 'parts.read parts.write',
};

/** What users may allow at the API. */
const userScopes = 'openid profile email offline_access';

export const serviceClients: readonly ClientMetadata[] = Object.keys(scopesOf).map((clientId) => ({
  client_id: clientId,
  client_secret: serviceSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));

/**
 * Access tokens that services get for a resource (RFC 8707) are JWTs (RFC 9068) with the resource as
 * their audience; all others are opaque. A service that is not in the table may have every scope. Users
 * have one resource: the API here.
 */
export const resourceIndicators = {
  enabled: true,
  defaultResource: () => [],
  getResourceServerInfo: (ctx, resource, client) => {
    if (!client.grantTypeAllowed('client_credentials')) {
      if (resource !== `${ctx.oidc.issuer}/api`) throw new errors.InvalidTarget();
      return { scope: userScopes, audience: resource, accessTokenFormat: 'opaque' };
    }
    return {
      scope: scopesOf[client.clientId] ?? Object.values(scopesOf).join(' '),
      audience: resource,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'RS256' } },
    };
  },
} satisfies NonNullable<Configuration['features']>['resourceIndicators'];
