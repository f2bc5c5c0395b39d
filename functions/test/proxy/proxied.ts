import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as v from 'valibot';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { createTokenCache } from '../../src/calls/access-token.ts';
import { createAuthorized } from '../../src/calls/authorized.ts';
import { createStreamingEgress, type StreamingEgress } from '../../src/egress/stream.ts';
import { StrongroomError } from '../../src/errors.ts';
import type { Limits } from '../../src/limits/limits.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Settings, settingsSchema } from '../../src/providers/settings-schema.ts';
import { createProxy } from '../../src/proxy/proxy.ts';
import type { Opened } from '../../src/refresh/dependencies.ts';
import type { FreshTokenSet } from '../../src/refresh/engine.ts';
import { unlimited } from '../harness/unlimited.ts';

export const accessToken = 'ya29.a0AfH6SMBx-0123456789/abc+defghijklmnop';
export const renewedToken = 'ya29.renewed-0123456789/abc+defghijklmnopqrs';
export const connectionId = 'c'.repeat(22);

interface Options {
  /** Of the provider's settings. */
  readonly provider?: object;
  readonly timeoutMs?: number;
  /** Reads the body before the proxy does, as the platform does. */
  readonly buffers?: boolean;
  readonly stream?: StreamingEgress;
  /** Default: none. */
  readonly limits?: Limits;
  /** By the first token set; default: that one, then, once it is refused, another. */
  readonly fresh?: ((first: Opened) => FreshTokenSet) | undefined;
}

export interface Proxied {
  /** The proxy of the one connection, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly upstream: LocalServer;
  /** Resolves when no client waits for an answer any more. */
  left(): Promise<void>;
  /** Resolves when all calls of the use case are over. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** The proxy behind a bare server that streams both ways, before an API that is nothing but a listener. */
export async function startProxied(api: RequestListener, options: Options = {}): Promise<Proxied> {
  const upstream = await listen(createServer(api), 0);
  const proxied = await startProxyBefore(upstream.url, options);
  return {
    ...proxied,
    upstream,
    stop: async () => {
      await Promise.all([proxied.stop(), upstream.stop()]);
    },
  };
}

export async function startProxyBefore(
  api: string,
  {
    provider = {},
    timeoutMs = 30_000,
    buffers = false,
    limits = unlimited,
    stream,
    fresh,
  }: Options = {},
): Promise<Omit<Proxied, 'upstream'>> {
  let underWay = 0;
  let waiting = 0;
  const server = createServer();
  const local = await listen(server, 0);
  const settings = settingsOf(local.url, { apiBaseUrl: `${api}/v1`, ...provider });
  const { one } = settings.providers;
  assert.ok(one);
  const opened = (token: string, generation: number): Opened => ({
    tokenSet: {
      accessToken: token,
      tokenType: 'bearer',
      scopes: [],
      obtainedAt: generation === 1 ? 0 : Date.now(),
    },
    generation,
    uid: 'ada',
    provider: { ...one, id: 'one' },
  });
  const first = opened(accessToken, 1);
  const inTurn: FreshTokenSet = async ({ newerThan = 0 }) =>
    newerThan === 0 ? first : opened(renewedToken, newerThan + 1);
  const clock = systemClock;
  const authorized = createAuthorized(createTokenCache(fresh?.(first) ?? inTurn, clock), clock);
  const proxy = createProxy({
    authorized,
    stream: stream ?? createStreamingEgress({ allowLoopback: true }),
    limits,
    settings: { read: async () => settings },
    clock,
  });
  server.on('request', async (request, response) => {
    underWay += 1;
    waiting += 1;
    response.once('close', () => {
      waiting -= 1;
    });
    const { method = '', url = '', headers } = request;
    const target = url.replace(`/v1/connections/${connectionId}/proxy`, '');
    const hasBody = headers['transfer-encoding'] ?? headers['content-length'];
    const streamed = hasBody === undefined ? undefined : request;
    const body = buffers && streamed ? await buffer(streamed) : streamed;
    const deadlineAt = clock.ticks() + timeoutMs;
    try {
      await proxy(
        { uid: 'ada' },
        connectionId,
        { method, target, headers, body },
        response,
        deadlineAt,
      );
    } catch (error) {
      if (!(error instanceof StrongroomError)) {
        response.destroy();
        throw error;
      }
      response.writeHead(error.httpStatus, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: error.code }));
    } finally {
      underWay -= 1;
    }
  });
  return {
    url: `${local.url}/v1/connections/${connectionId}/proxy`,
    port: local.port,
    async left() {
      while (waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    async settled() {
      while (underWay > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    stop: local.stop,
  };
}

/** The settings of an app at this address with one provider. */
export function settingsOf(app: string, provider: object): Settings {
  return v.parse(settingsSchema, {
    app: { redirectUri: `${app}/oauth/callback`, returnTo: [`${app}/`] },
    providers: {
      one: {
        kind: 'oidc',
        name: 'One',
        issuer: 'https://id.example',
        clientId: 'client',
        ...provider,
      },
    },
  });
}
