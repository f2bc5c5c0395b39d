import assert from 'node:assert/strict';
import { type Served, spawnServe } from '../../sandbox/serve/spawn.ts';
import { stack } from '../../sandbox/test/stack.ts';
import { systemClock } from '../src/platform/clock.ts';
import { enter, sandboxProvider, type User } from './harness/emulated.ts';

const callers = 50;
const lifetimeSeconds = 300;

describe('fifty callers at once on an expired token', function () {
  this.timeout(180_000);

  let ada: User;
  let connectionId: string;
  before(async () => {
    ada = await enter('ada');
    // Instances that are up, as in the cloud under load; a cold start is another matter.
    await ada.vault.connections.list();
  });
  beforeEach(async () => {
    await sandboxProvider.updateSettings({ accessTokenSeconds: 1 });
    connectionId = await ada.connect();
    await sandboxProvider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
    // Counted from the answer, so it is over when this is.
    await systemClock.sleep(1_000);
    await sandboxProvider.resetCounters();
  });
  // The next is another connection: nobody has a token of this one in memory then.
  afterEach(() => ada.vault.connections.disconnect({ connectionId }));
  after(() => ada?.leave());

  const assertOneRefresh = async () => {
    const { tokenRequests, tokenErrors } = await sandboxProvider.counters();
    assert.deepEqual(tokenRequests.byGrantType, { refresh_token: 1 });
    assert.equal(tokenErrors, 0);
  };
  const atOnce = async (call: (n: number) => Promise<number>) => {
    const statuses = await Promise.all(Array.from({ length: callers }, (_, n) => call(n)));
    assert.deepEqual([...new Set(statuses)], [200]);
  };
  const proxy = async (base: string, headers: Record<string, string>) => {
    const url = `${base}/connections/${connectionId}/proxy/me`;
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  const bearer = async () => ({ authorization: `Bearer ${await ada.idToken()}` });

  it('of the callable: one token request, no failed call', async () => {
    const me = { connectionId, method: 'GET', path: '/me' } as const;
    await atOnce(async () => (await ada.vault.connections.call(me)).status);
    await assertOneRefresh();
  });

  it('of the proxy: one token request, no failed call', async () => {
    const headers = await bearer();
    await atOnce(() => proxy(stack.urls.api, headers));
    await assertOneRefresh();
  });

  it('of the callable and the proxy: one token request, no failed call', async () => {
    const headers = await bearer();
    const me = { connectionId, method: 'GET', path: '/me' } as const;
    await atOnce(async (n) =>
      n % 2 === 0 ? (await ada.vault.connections.call(me)).status : proxy(stack.urls.api, headers),
    );
    await assertOneRefresh();
  });

  it('of three processes outside the emulator: one token request, no failed call', async () => {
    const served: Served[] = await Promise.all([1, 2, 3].map(() => spawnServe(stack)));
    try {
      const headers = await bearer();
      await Promise.all(served.map(({ url }) => atOnce(() => proxy(`${url}/v1`, headers))));
      await assertOneRefresh();
    } finally {
      await Promise.all(served.map((process) => process.stop()));
    }
  });
});
