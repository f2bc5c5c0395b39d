import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ClientMetadata, Configuration } from 'oidc-provider';
import { claimsOf } from './accounts.ts';
import { deviceFlow } from './device.ts';
import { exchangeGrant } from './exchange.ts';
import { errorPage } from './pages.ts';
import { resourceIndicators } from './services.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

const hourSeconds = 60 * 60;
const daySeconds = 24 * hourSeconds;

/** The clients that are always there, one for each way of authenticating. */
export function standardClients(
  clientSecret: string,
  redirectUris: readonly string[],
): ClientMetadata[] {
  const common = {
    client_name: 'Strongroom',
    redirect_uris: [...redirectUris],
    grant_types: ['authorization_code', 'refresh_token', deviceGrant, exchangeGrant],
  };
  return [
    {
      ...common,
      client_id: 'strongroom-sandbox',
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      ...common,
      client_id: 'strongroom-sandbox-post',
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
    },
    {
      ...common,
      client_id: 'strongroom-sandbox-public',
      token_endpoint_auth_method: 'none',
    },
  ];
}

/** The configuration of oidc-provider; keys are new at every start. */
export async function createConfiguration(
  settings: Readonly<Settings>,
  store: Store,
  clients: ClientMetadata[],
): Promise<Configuration> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    adapter: (model) => store.adapter(model),
    clients,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    // Names in the ID token as well, as Google, Okta and Keycloak give them (OIDC Core 1.0 §5.4).
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => claimsOf(accountId) }),
    features: {
      devInteractions: { enabled: false },
      deviceFlow,
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators,
      pushedAuthorizationRequests: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: () => settings.dpopNonces,
      },
    },
    // Kept as the token exchange has put them there.
    extraTokenClaims: (_ctx, token) => token.extra,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: () => settings.rotation !== 'none',
    clientBasedCORS: () => false,
    clockTolerance: 0,
    // Tokens outlive the browser session in which they were given.
    expiresWithSession: () => false,
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html';
      ctx.body = errorPage(error, description);
    },
    ttl: {
      AccessToken: () => settings.accessTokenSeconds,
      ClientCredentials: () => settings.accessTokenSeconds,
      RefreshToken: () => settings.refreshTokenSeconds,
      AuthorizationCode: () => 60,
      DeviceCode: () => 10 * 60,
      IdToken: () => hourSeconds,
      Interaction: () => hourSeconds,
      Session: () => daySeconds,
      // A grant outlives its refresh tokens, whatever they are set to.
      Grant: () => 10 * 365 * daySeconds,
    },
  };
}
