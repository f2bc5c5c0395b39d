import { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';

/**
 * Has the shape of a Keycloak realm's protocol endpoints, as far as an access token opens them:
 * https://www.keycloak.org/securing-apps/oidc-layers
 */
export function startKeycloak(options?: UpstreamOptions): Promise<Upstream> {
  return createUpstream(
    {
      error: (status) => ({
        status,
        // RFC 6750 §3.
        headers: { 'www-authenticate': 'Bearer realm="main", error="invalid_token"' },
        body: { error: 'invalid_token', error_description: 'Token verification failed' },
      }),
      routes: {
        'GET /realms/main/protocol/openid-connect/userinfo': () => ({
          body: {
            sub: 'f4c0a1b2-0000-4000-8000-000000000001',
            email_verified: true,
            preferred_username: 'ada',
            given_name: 'Ada',
            email: 'ada@example.com',
          },
        }),
      },
    },
    options,
  );
}
