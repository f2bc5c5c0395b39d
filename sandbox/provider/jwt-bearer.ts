import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type Provider from 'oidc-provider';
import { errors, type TokenEndpointGrantContext } from 'oidc-provider';

export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

interface Parameters {
  readonly assertion?: string;
  readonly scope?: string;
}

/**
 * JWT bearer (RFC 7523, section 2.1): an assertion that the client has signed, by one of the keys it is
 * registered with, opens the account that it names. Each is good once, and for five minutes at most.
 */
export function addJwtBearer(provider: Provider): void {
  const handle = async (ctx: TokenEndpointGrantContext<Parameters>) => {
    const { client, params } = ctx.oidc;
    const { clientId: issuer } = client;
    const registered = client.metadata().jwks ?? { keys: [] };
    const published: JSONWebKeySet = JSON.parse(JSON.stringify(registered));
    const keys = createLocalJWKSet(published);
    const { payload } = await jwtVerify(params.assertion ?? '', keys, {
      issuer,
      audience: [provider.issuer, `${provider.issuer}/token`],
      requiredClaims: ['sub', 'exp', 'iat', 'jti'],
      maxTokenAge: '5m',
    }).catch(() => {
      throw new errors.InvalidGrant('the assertion does not hold');
    });
    const { sub: accountId = '', jti = '', exp = 0 } = payload;
    const isNew = await provider.ReplayDetection.unique(issuer, jti, exp);
    if (!isNew) throw new errors.InvalidGrant('the assertion was used before');
    const scope = String(params.scope ?? payload['scope'] ?? '');
    const grant = new provider.Grant({ accountId, clientId: issuer });
    grant.addOIDCScope(scope);
    const grantId = await grant.save();
    const gty = 'jwt_bearer';
    const making = { client, accountId, grantId, scope, gty, expiresWithSession: false };
    const token = new provider.AccessToken(making);
    ctx.body = {
      access_token: await token.save(),
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope,
    };
  };
  provider.registerGrantType(jwtBearerGrant, handle, ['assertion', 'scope']);
}
