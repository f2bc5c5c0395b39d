import assert from 'node:assert/strict';
import { type RequestListener, request } from 'node:http';
import { until } from '../../../sandbox/demo/until.ts';
import type { Limits } from '../../src/limits/limits.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Proxied, startProxied } from '../proxy/proxied.ts';
import { createShared } from './instances.ts';
import { parseList } from './structured-fields.ts';

describe('limits of what streams through the proxy', () => {
  let limits: Limits;
  let proxied: Proxied | undefined;
  beforeEach(() => {
    limits = createShared(systemClock).newInstance();
  });
  afterEach(() => proxied?.stop());

  const start = async (api: RequestListener, callLimits: object, timeoutMs = 30_000) => {
    proxied = await startProxied(api, { limits, timeoutMs, provider: { callLimits } });
    const { url } = proxied;
    return { ask: (path = '/x', init: RequestInit = {}) => fetch(`${url}${path}`, init), proxied };
  };

  it('are told of beside those of the API itself', async () => {
    const { ask } = await start(
      (_request, response) => void response.setHeader('ratelimit', '"core";r=5;t=9').end(),
      { perUserPerMinute: 10 },
    );
    const { headers } = await ask();
    const states = parseList(headers.get('ratelimit') ?? '').map(
      ({ value, parameters }) => `${value} ${parameters.get('r')}`,
    );
    assert.deepEqual(states, ['core 5', 'per-user 9']);
    assert.equal(headers.get('ratelimit-policy'), '"per-user";q=10;w=60');
  });

  /** What ends a call whose answer has begun and has no end. */
  const endings: Readonly<Record<string, (leave: AbortController, end: () => void) => void>> = {
    'is whole': (_leave, end) => end(),
    'is given up by its reader': (leave) => leave.abort(),
  };
  for (const [title, finish] of Object.entries(endings))
    it(`hold a place until an answer ${title}`, async () => {
      const ends: (() => void)[] = [];
      const { ask, proxied: proxy } = await start(
        (incoming, response) => {
          if (incoming.url?.endsWith('/short') === true) return void response.end('short');
          response.write('begun');
          ends.push(() => response.end());
        },
        { perUserConcurrent: 1 },
      );
      const leave = new AbortController();
      const answer = await ask('/endless', { signal: leave.signal });
      assert.equal((await ask('/short')).status, 429);
      finish(leave, () => ends[0]?.());
      await answer.text().catch(() => '');
      await proxy.settled();
      await until('a place', async () => (await ask('/short')).status === 200);
    });

  it('give a place back where the deadline ends a call', async () => {
    const { ask, proxied: proxy } = await start(
      (incoming, response) => {
        if (incoming.url?.endsWith('/short') === true) response.end('short');
      },
      { perUserConcurrent: 1 },
      500,
    );
    assert.equal((await ask('/silent')).status, 504);
    await proxy.settled();
    await until('a place', async () => (await ask('/short')).status === 200);
  });

  /** How an upload ends that is never whole. */
  const breaks: Readonly<Record<string, 'sender' | 'API'>> = {
    'its sender breaks off': 'sender',
    'the API cuts off': 'API',
  };
  for (const [title, who] of Object.entries(breaks))
    it(`take an upload that ${title} for no sign of trouble`, async () => {
      const noted: unknown[] = [];
      const { admit } = limits;
      limits = {
        async admit(of) {
          const admitted = await admit(of);
          return { ...admitted, note: async (outcome) => void noted.push(outcome) };
        },
      };
      const arrived = Promise.withResolvers<void>();
      const { proxied: proxy } = await start((incoming) => {
        incoming.once('data', () => {
          if (who === 'API') incoming.socket.destroy();
          arrived.resolve();
        });
      }, {});
      const upload = request(`${proxy.url}/x`, { method: 'POST' });
      const closed = new Promise((resolve) => upload.once('close', resolve));
      upload.on('error', () => {});
      upload.on('response', (answer) => answer.resume());
      upload.write('a part');
      await arrived.promise;
      if (who === 'sender') upload.destroy();
      else upload.once('response', () => upload.end());
      await closed;
      await proxy.settled();
      assert.deepEqual(noted, []);
    });
});
