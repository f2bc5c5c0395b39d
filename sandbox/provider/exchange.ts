import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import type Provider from 'oidc-provider';
import { errors, type TokenEndpointGrantContext } from 'oidc-provider';

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const tokenType = 'urn:ietf:params:oauth:token-type:';

const parameters = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'requested_subject',
  'audience',
  'resource',
  'scope',
] as const;
type Parameters = Readonly<Partial<Record<(typeof parameters)[number], string | string[]>>>;

/**
 * Token exchange (RFC 8693): of an access token of the client's own for one with fewer scopes, for
 * another audience or resource, with an actor, or of another account (`requested_subject`, as Keycloak
 * has it). `/api/me` tells what the new one is. The audience `forbidden` is refused.
 */
export function addTokenExchange(provider: Provider): void {
  const handle = async (ctx: TokenEndpointGrantContext<Parameters>) => {
    const { client, params } = ctx.oidc;
    const wanted: Parameters = params;
    const subject = await found(provider, wanted.subject_token, client.clientId);
    const actor =
      wanted.actor_token && (await found(provider, wanted.actor_token, client.clientId));
    const had = (subject.scope ?? '').split(' ');
    const scopes = wanted.scope === undefined ? had : String(wanted.scope).split(' ');
    if (!scopes.every((scope) => had.includes(scope)))
      throw new errors.InvalidScope('too much', '');
    const targets = [wanted.audience ?? [], wanted.resource ?? []].flat();
    if (targets.includes('forbidden')) throw new errors.InvalidTarget();

    const accountId = String(wanted.requested_subject ?? subject.accountId);
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(scopes.join(' '));
    const grantId = await grant.save();
    const gty = 'token_exchange';
    const extra = { targets, actor: actor ? actor.accountId : null };
    const scope = scopes.join(' ');
    const jkt = await boundTo(ctx.get('dpop'));
    const making = { client, accountId, grantId, scope, gty, jkt, expiresWithSession: false };
    const token = new provider.AccessToken({ ...making, extra });
    const asksRefresh = wanted.requested_token_type === `${tokenType}refresh_token`;
    const refreshToken = asksRefresh ? await new provider.RefreshToken(making).save() : undefined;
    ctx.body = {
      access_token: await token.save(),
      refresh_token: refreshToken,
      issued_token_type: `${tokenType}${asksRefresh ? 'refresh_token' : 'access_token'}`,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: token.expiration,
      scope,
    };
  };
  provider.registerGrantType(exchangeGrant, handle, parameters, ['audience', 'resource']);
}

/** The key that a proof is made with (RFC 9449, section 5): the new token is bound to it. */
async function boundTo(proof: string): Promise<string | undefined> {
  if (proof === '') return undefined;
  const { protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
  return protectedHeader.jwk && calculateJwkThumbprint(protectedHeader.jwk);
}

async function found(provider: Provider, token: unknown, clientId: string) {
  const known = typeof token === 'string' ? await provider.AccessToken.find(token) : undefined;
  if (known?.clientId !== clientId || !(await provider.Grant.find(known.grantId))) {
    throw new errors.InvalidRequest('the token is not known');
  }
  return known;
}
