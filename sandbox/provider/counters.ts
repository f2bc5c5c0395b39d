import type Provider from 'oidc-provider';
import { endpointOf } from './endpoints.ts';
import type { Context, Middleware } from './middleware.ts';

/** What the provider has been asked for since the start or the last reset. */
export interface Counters {
  tokenRequests: {
    total: number;
    byGrantType: Record<string, number>;
    byClient: Record<string, number>;
  };
  /** Token requests that were not answered with a token set. */
  tokenErrors: number;
  revocations: number;
  apiCalls: { total: number; unauthorized: number };
  /** Authorization requests, not the pages after them. */
  authorizations: number;
  /** Failures of the provider itself: always 0, or it has a bug. */
  serverErrors: number;
}

/** Counters at zero. */
export function createCounters(): Counters {
  return {
    tokenRequests: { total: 0, byGrantType: {}, byClient: {} },
    tokenErrors: 0,
    revocations: 0,
    apiCalls: { total: 0, unauthorized: 0 },
    authorizations: 0,
    serverErrors: 0,
  };
}

/** Counts every request, also those that a fault keeps from taking effect. */
export function counting(provider: Provider, counters: Counters): Middleware {
  provider.on('server_error', () => counters.serverErrors++);
  return async (ctx, next) => {
    const endpoint = endpointOf(ctx.path);
    if (endpoint === 'token' && ctx.method === 'POST') counters.tokenRequests.total++;
    if (endpoint === 'revocation') counters.revocations++;
    if (endpoint === 'authorization') counters.authorizations++;
    if (endpoint === 'api') counters.apiCalls.total++;
    await next();
    if (endpoint === 'api' && ctx.status === 401) counters.apiCalls.unauthorized++;
    if (endpoint === 'token' && ctx.method === 'POST') {
      if (ctx.status >= 400 || ctx.respond === false) counters.tokenErrors++;
      const { grantType, clientId } = describe(ctx);
      increment(counters.tokenRequests.byGrantType, grantType);
      increment(counters.tokenRequests.byClient, clientId);
    }
  };
}

/** Who asked for what: as oidc-provider understood it, else from the request itself. */
function describe(ctx: Context): { grantType: string; clientId: string } {
  const { oidc } = ctx;
  if (oidc) {
    return {
      grantType: String(oidc.params?.grant_type ?? 'none'),
      clientId: String(oidc.client?.clientId ?? 'unknown'),
    };
  }
  const form = new URLSearchParams(String(ctx.state['unprocessedBody'] ?? ''));
  const basic = /^Basic (.+)$/.exec(ctx.get('authorization'))?.[1] ?? '';
  const [basicId = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return {
    grantType: form.get('grant_type') ?? 'none',
    clientId: form.get('client_id') ?? (decodeURIComponent(basicId) || 'unknown'),
  };
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
