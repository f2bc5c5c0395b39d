import type Provider from 'oidc-provider';
import { readBody } from '../http/body.ts';
import { claimsOf } from './accounts.ts';
import { keyHolder } from './keys.ts';
import type { Context, Middleware } from './middleware.ts';
import type { ProofProblem, Proofs } from './proofs.ts';

interface Bearer {
  readonly accountId: string;
  readonly clientId: string;
  readonly scope: string;
  /** What a token exchange has put into it. */
  readonly extra: object | undefined;
  /** The API that it is for, where it says (RFC 8707). */
  readonly aud?: string | string[];
}

/** Of whom no more is known than his name. */
const nothingMore = { clientId: '', scope: '', extra: undefined };

const echoLimitBytes = 16 * 1_048_576;

/**
 * The API that the provider's access tokens open, under `/api`:
 *
 * | path | answers |
 * |---|---|
 * | `GET /api/me` | the account's claims and the token's scope; 401 without a good token |
 * | `ANY /api/echo`, `/api/echo/…` | the request as it arrived, the credential left out |
 * | `ANY /api/status/<code>` | that status; `?retryAfter=<seconds>` adds `Retry-After` |
 * | `ANY /api/redirect?to=<URL>` | 302 to there |
 * | `GET /api/bytes/<n>` | n bytes |
 */
export function api(provider: Provider, proofs: Proofs): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/api/')) return next();
    const bearer = await findBearer(provider, proofs, ctx);
    if (typeof bearer === 'string') {
      ctx.body = unproven(ctx, bearer, proofs);
      return;
    }
    const [resource = '', argument = ''] = ctx.path.slice('/api/'.length).split('/');
    const answer = resources.get(resource);
    if (answer) ctx.body = await answer(ctx, bearer, argument);
    else ctx.throw(404);
  };
}

/** Gives the body of the answer. */
type Resource = (ctx: Context, bearer: Bearer | undefined, argument: string) => unknown;

const resources = new Map<string, Resource>(Object.entries({ me, echo, status, redirect, bytes }));

function me(ctx: Context, bearer: Bearer | undefined): object {
  if (!bearer) return unauthorized(ctx);
  const { accountId, scope, extra, aud } = bearer;
  return { ...claimsOf(accountId), scope, ...(aud !== undefined && { aud }), ...extra };
}

async function echo(ctx: Context, bearer: Bearer | undefined): Promise<object> {
  const { authorization, ...headers } = ctx.req.headers;
  const body = await readBody(ctx.req, echoLimitBytes);
  return {
    method: ctx.method,
    path: ctx.path,
    query: { ...ctx.query },
    headers,
    authorization: {
      present: authorization !== undefined,
      scheme: authorization?.split(' ')[0] ?? null,
      accountId: bearer?.accountId ?? null,
    },
    body: body.toString('utf8'),
    bodyBase64: body.toString('base64'),
  };
}

function status(ctx: Context, _bearer: Bearer | undefined, code: string): object {
  const wanted = Number(code);
  if (!Number.isInteger(wanted) || wanted < 200 || wanted > 599) return badRequest(ctx);
  if (wanted === 401) return unauthorized(ctx);
  ctx.status = wanted;
  const retryAfter = ctx.query['retryAfter'];
  if (typeof retryAfter === 'string') ctx.set('retry-after', retryAfter);
  return { status: wanted };
}

function redirect(ctx: Context): object | string {
  const target = ctx.query['to'];
  if (typeof target !== 'string') return badRequest(ctx);
  ctx.redirect(target);
  return '';
}

function bytes(ctx: Context, _bearer: Bearer | undefined, count: string): object {
  const length = Number(count);
  if (!Number.isInteger(length) || length < 0 || length > 64 * 1_048_576) return badRequest(ctx);
  ctx.type = 'application/octet-stream';
  return Buffer.alloc(length, 'strongroom');
}

/**
 * Who the access token stands for, where the provider's own store says that it is good. One that is
 * bound to a key comes with a proof, and never as a Bearer token (RFC 9449, section 7.2).
 */
async function findBearer(
  provider: Provider,
  proofs: Proofs,
  ctx: Context,
): Promise<Bearer | ProofProblem | undefined> {
  const holder = keyHolder(ctx);
  if (holder !== undefined) return { accountId: holder, ...nothingMore };
  const sent = /^(Bearer|DPoP) ([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'));
  const [, scheme = '', value = ''] = sent ?? [];
  const machine = value === '' ? undefined : await provider.ClientCredentials.find(value);
  if (machine !== undefined) {
    const { clientId = '', scope = '' } = machine;
    return { ...nothingMore, accountId: clientId, clientId, scope };
  }
  const token = value === '' ? undefined : await provider.AccessToken.find(value);
  if (!token?.grantId || !(await provider.Grant.find(token.grantId))) return undefined;
  const isProven = scheme.toLowerCase() === 'dpop';
  if (isProven !== (token.jkt !== undefined)) return undefined;
  if (isProven) {
    const proof = await proofs.check(ctx, value);
    if (typeof proof === 'string') return proof;
    if (proof.jkt !== token.jkt) return 'invalid_dpop_proof';
  }
  const { aud } = token;
  if (aud !== undefined && aud !== `${provider.issuer}/api`) return undefined;
  return {
    accountId: token.accountId,
    clientId: token.clientId ?? '',
    scope: token.scope ?? '',
    extra: token.extra,
    ...(aud !== undefined && { aud }),
  };
}

/** RFC 9449, sections 7.1 and 9. */
function unproven(ctx: Context, problem: ProofProblem, proofs: Proofs): object {
  ctx.status = 401;
  ctx.set('www-authenticate', `DPoP realm="sandbox", algs="ES256", error="${problem}"`);
  if (problem === 'use_dpop_nonce') ctx.set('dpop-nonce', proofs.newNonce());
  return { error: problem };
}

/** RFC 6750, section 3: no error code where no token was sent. */
function unauthorized(ctx: Context): object {
  const sent = ctx.get('authorization') !== '';
  const error = sent ? ', error="invalid_token", error_description="expired or revoked"' : '';
  ctx.status = 401;
  ctx.set('www-authenticate', `Bearer realm="sandbox"${error}`);
  return { error: sent ? 'invalid_token' : 'unauthorized' };
}

function badRequest(ctx: Context): object {
  ctx.status = 400;
  return { error: 'invalid_request' };
}
