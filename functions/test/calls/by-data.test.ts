import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import type { AxiosInstance } from 'axios';
import {
  type LocalServer,
  sendJson,
  startLocalServer,
} from '../../../sandbox/http/local-server.ts';
import { paginate } from '../../src/client/paginate.ts';
import type { Suite } from '../../src/suite.ts';
import { refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { createWorld, type World } from '../harness/world.ts';

const time = { timeoutMs: 20_000 };

describe("what a provider's data says of its API", function () {
  this.timeout(60_000);
  let world: World;
  let api: LocalServer;
  let suite: Suite;
  const asked: IncomingMessage[] = [];
  /** What the API answers; 200 where it is spent. */
  const statuses: number[] = [];

  before(async () => {
    world = await createWorld();
    api = await startLocalServer(async (request, response) => {
      asked.push(request);
      const page = Number(new URL(`${request.url}`, api.url).searchParams.get('page') ?? 1);
      sendJson(response, statuses.shift() ?? 200, { list: page < 3 ? [page] : [] });
    }, 0);
  });
  after(async () => {
    await api.stop();
    await world.stop();
  });
  beforeEach(async () => {
    await world.reset();
    world.publish((settings) => {
      const { sandbox } = settings.providers;
      assert.ok(sandbox);
      Object.assign(sandbox, {
        apiBaseUrl: '{instance_url}/v1',
        apiHosts: ['api.example.com'],
        keep: ['instance_url', 'account_key'],
        credential: {
          headers: { 'x-account-key': '{account_key}' },
          query: { key: '{access_token}' },
        },
        apiHeaders: { 'api-version': '2026-11', 'client-id': '{client_id}' },
        replayOn: [401, 403],
        paging: { style: 'page', items: 'list' },
      });
      return settings;
    });
    suite = world.newSuite();
    asked.length = 0;
    statuses.length = 0;
  });

  const connect = (instanceUrl: unknown) => {
    const patch = { instance_url: instanceUrl, account_key: 'second-secret' };
    world.provider.addFault({ endpoint: 'token', patch });
    return world.connect('ada', { suite });
  };
  const keyIn = (request: IncomingMessage | undefined) =>
    new URL(`${request?.url}`, api.url).searchParams.get('key') ?? '';
  const forAll: readonly [what: string, get: (id: string) => Promise<unknown>][] = [
    [
      'connections-call',
      (id) =>
        suite.call({ uid: 'ada' }, id, { method: 'GET', path: '/me', query: { a: '1' } }, at()),
    ],
    [
      'the axios client',
      async (id) =>
        (await suite.connections.client('ada', id, time)).get('/me', { params: { a: 1 } }),
    ],
  ];
  const at = () => world.clock.ticks() + 30_000;

  for (const [what, get] of forAll) {
    it(`leads ${what} to the address that its token answer told, with the credential in its place`, async () => {
      const { id } = await connect(api.url);
      const answer = await get(id);
      const [request] = asked;
      assert.equal(request?.headers.host, new URL(api.url).host);
      assert.match(`${request?.url}`, /^\/v1\/me\?a=1&key=[^&]+$/);
      assert.equal(request?.headers['authorization'], undefined);
      assert.equal(request?.headers['x-account-key'], 'second-secret');
      assert.equal(request?.headers['api-version'], '2026-11');
      assert.equal(request?.headers['client-id'], 'strongroom-sandbox');
      const seen = inspect(answer, { depth: 12 });
      for (const secret of [keyIn(request), 'second-secret']) assert.ok(!seen.includes(secret));
    });

    it(`has ${what} try a newer token once where the API answers 403`, async () => {
      const { id } = await connect(api.url);
      statuses.push(403);
      await get(id);
      const [first, second] = asked.map(keyIn);
      assert.equal(asked.length, 2);
      assert.notEqual(first, second);
      // The refresh told no address: the one that was told at first is kept.
      assert.match(`${asked[1]?.url}`, /^\/v1\/me\?/);
    });
  }

  for (const told of ['https://evil.example', 'https://api.example.com.evil.example', null, 7]) {
    it(`connects nobody whose token answer names the address ${told}, and revokes that grant`, async () => {
      await refuses('provider_answer_invalid', connect(told));
      assert.deepEqual(liveGrantsOf(world, 'ada'), []);
      assert.deepEqual(await suite.list({ uid: 'ada' }), []);
    });
  }

  it('is what paginate goes by where its caller does not say how lists are paged', async () => {
    await connect(api.url);
    const client: AxiosInstance = await suite.connections.client('ada', 'sandbox', time);
    const found: unknown[] = [];
    for await (const item of paginate(client, { url: '/things' })) found.push(item);
    assert.deepEqual(found, [1, 2]);
    const unknown = paginate(client.create(), { url: '/things' });
    await refuses('invalid_argument', unknown.next());
  });
});
