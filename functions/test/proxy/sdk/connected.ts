import assert from 'node:assert/strict';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import type { SandboxProvider } from '../../../../sandbox/provider/provider.ts';
import type { SeenRequest } from '../../../../sandbox/upstreams/upstream.ts';
import { type ApiName, addressOf, type UpstreamOf } from './apis.ts';
import { type SdkWorld, sdkWorld, type User } from './world.ts';

/** A user's connection to one of the APIs, for the tests of one SDK. */
export interface Connected<N extends ApiName> extends ProxyAccess {
  readonly upstream: UpstreamOf<N>;
  readonly provider: SandboxProvider;
  /**
   * The same of another user. Once an API has asked for a pause (429), the vault itself answers so
   * until it is over: no test is to find another's.
   */
  anew(): Promise<ProxyAccess>;
  /** The same connection, as a service reaches it that acts for its user. */
  asService(): Promise<ProxyAccess>;
  /** What the API was sent in this test. */
  requests(): readonly SeenRequest[];
  /** The access token that the connection holds now. */
  accessToken(): Promise<string>;
  /**
   * The headers of the one request that this work makes, with those of `fetch` itself: what is `sent`
   * arrives at the API by way of the proxy as if there were none, what is `lost` does not. Those that
   * are about the connection to the next hop are left out.
   */
  headersOf(work: (access: ProxyAccess) => Promise<unknown>): Promise<SdkHeaders>;
}

interface SdkHeaders {
  readonly sent: readonly string[];
  readonly lost: readonly string[];
}

/**
 * Connects before the tests of the suite in which it is called. After each it looks at all that the
 * API was sent: no caller's own token is in it, and every request had a token of the provider's.
 */
export function connectTo<N extends ApiName>(name: N): Connected<N> {
  let world: SdkWorld;
  let user: User;
  let connection = '';
  const others: User[] = [];
  /** With which callers prove who they are. */
  const callerTokens: string[] = [];
  const enter = async (): Promise<User> => {
    const one = await world.signUp();
    callerTokens.push(one.idToken);
    return one;
  };

  before(async function () {
    this.timeout(60_000);
    world = await sdkWorld();
    user = await enter();
    connection = await user.connect(name);
  });
  beforeEach(() => {
    connected.upstream.reset();
    world.provider.resetCounters();
  });
  afterEach(() => {
    for (const { method, path, query, headers, body } of connected.requests()) {
      const all = [method, path, query, JSON.stringify(headers), body.toString('latin1')];
      const isTold = callerTokens.some((token) => all.join('\n').includes(token));
      assert.ok(!isTold, `${path} had a token that is for the vault.`);
      assert.equal(headers['strongroom-user'], undefined);
      assert.match(headers.authorization ?? '', /^Bearer [\w-]{20,}$/, path);
    }
  });
  after(async () => {
    for (const one of [user, ...others]) await one.leave();
  });

  const connected: Connected<N> = {
    get upstream(): UpstreamOf<N> {
      return world.upstreams[name];
    },
    get provider() {
      return world.provider;
    },
    get proxy() {
      return `${connection}/proxy`;
    },
    token: async () => user.idToken,
    async anew() {
      const other = await enter();
      others.push(other);
      const proxy = `${await other.connect(name)}/proxy`;
      return { proxy, token: async () => other.idToken };
    },
    async asService() {
      const token = await world.serviceToken();
      callerTokens.push(token);
      return { proxy: connected.proxy, token: async () => token, uid: user.uid };
    },
    requests: () => connected.upstream.requests(),
    accessToken: () => user.accessToken(connection),
    async headersOf(work) {
      const token = await connected.accessToken();
      await work({ proxy: addressOf(name, world.upstreams), token: async () => token });
      await work(connected);
      const [direct, proxied, ...others] = connected.requests().map(({ headers }) => headers);
      assert.ok(direct && proxied && others.length === 0);
      const names = Object.keys(direct).filter((one) => !nextHop.has(one));
      const arrives = (one: string) => withoutIds(direct[one]) === withoutIds(proxied[one]);
      return {
        sent: names.filter(arrives).sort(),
        lost: names.filter((one) => !arrives(one)).sort(),
      };
    },
  };
  return connected;
}

/** The credential among them: it is another. */
const nextHop = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
]);

/** Boundaries and idempotency keys are made up anew each time. */
function withoutIds(value: string | readonly string[] | undefined): string {
  return String(value).replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '');
}
