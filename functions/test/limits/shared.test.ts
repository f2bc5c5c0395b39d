import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { until } from '../../../sandbox/demo/until.ts';
import { listen } from '../../../sandbox/http/local-server.ts';
import { sliceMs, windowMs } from '../../src/limits/window.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import type { Suite } from '../../src/suite.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { troubles } from '../harness/outage.ts';
import { startWorkers, type Workers } from '../harness/workers.ts';
import { createWorld, type World } from '../harness/world.ts';

const time = { timeoutMs: 30_000 };

/** An API that answers nobody until it is told to, and from then on everybody. */
async function startHolding() {
  const held: ServerResponse[] = [];
  let isHolding = true;
  let over = 0;
  const server = await listen(
    createServer((_request, response) => {
      if (isHolding) held.push(response);
      else response.end();
    }),
    0,
  );
  return {
    ...server,
    over() {
      over += 1;
    },
    /** Resolves once all of so many calls wait for it or are over. @returns how many wait. */
    async full(calls: number): Promise<number> {
      await until('all calls to be held or over', async () => held.length + over >= calls);
      return held.length;
    },
    answer() {
      isHolding = false;
      for (const response of held) response.end();
    },
  };
}

describe('limits that instances share in Firestore', function () {
  this.timeout(120_000);
  let world: World;
  let holding: Awaited<ReturnType<typeof startHolding>>;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    holding = await startHolding();
  });
  afterEach(() => holding.stop());

  const publish = (callLimits: Provider['callLimits'], apiBaseUrl?: string) =>
    world.publish(({ providers, ...settings }) => {
      const change = { callLimits, ...(apiBaseUrl && { apiBaseUrl }) };
      const limited = Object.entries(providers).map(([id, one]) => [id, { ...one, ...change }]);
      return { ...settings, providers: Object.fromEntries(limited) };
    });
  const suiteWith = (callLimits: Provider['callLimits'], apiBaseUrl?: string): Suite => {
    publish(callLimits, apiBaseUrl);
    return world.newSuite();
  };
  const apiCalls = () => world.provider.counters().apiCalls.total;
  const callAtOnce = async (uid: string, id: string, suite: Suite, times: number) => {
    const calls = Array.from({ length: times }, () =>
      world.call(uid, id, suite).finally(() => holding.over()),
    );
    const outcomes = await Promise.allSettled(calls);
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  };

  it('keep four processes together within the quota of a provider; one that is killed keeps nothing', async () => {
    const quota = 40;
    publish({ perMinute: quota });
    const { id } = await world.connect('ada');
    const workers: Workers = await startWorkers(world, 4, { clock: 'own' });
    try {
      world.provider.resetCounters();
      const outcomes = await workers.callAtOnce('ada', id, 50);
      const given = outcomes.filter((outcome) => outcome === '200').length;
      assert.ok(given <= quota && given >= quota / 2, `${given} calls`);
      assert.equal(apiCalls(), given);
      const refused = outcomes.filter((outcome) => /Try again in \d+ s/.test(outcome));
      assert.equal(refused.length, outcomes.length - given);

      const [killed, ...others] = workers.all;
      await killed?.kill();
      for (const worker of others) worker.setTimes({ aheadMs: windowMs + sliceMs });
      world.provider.resetCounters();
      const calls = others.map((worker) =>
        worker.call([{ uid: 'ada', connectionId: id, times: 50 }]),
      );
      const again = (await Promise.all(calls)).flat().filter((outcome) => outcome === '200').length;
      assert.ok(again <= quota && again >= quota / 2, `${again} calls`);
    } finally {
      await workers.stop();
    }
  });

  it('cost nothing for who stays below a tenth of his own', async () => {
    const suite = suiteWith({ perUserPerMinute: 60, perUserConcurrent: 5 });
    const { id } = await world.connect('ada', { suite });
    await world.call('ada', id, suite);
    const cost = await world.costOf(async () => {
      for (let n = 0; n < 5; n += 1) await world.call('ada', id, suite);
    });
    assert.deepEqual(cost, { reads: 0, writes: 0 });
  });

  it('cost a read and a write for a block of permits, and two writes for calls at once', async () => {
    const suite = suiteWith({ perMinute: 1_000 });
    const { id } = await world.connect('ada', { suite });
    await world.call('ada', id, suite);
    const many = await world.costOf(() => callAtOnce('ada', id, suite, 40));
    assert.ok(many.reads + many.writes <= 4, JSON.stringify(many));
    const concurrent = suiteWith({ perUserConcurrent: 50 });
    await world.call('ada', id, concurrent);
    assert.deepEqual(await world.costOf(() => callAtOnce('ada', id, concurrent, 40)), {
      reads: 1,
      writes: 2,
    });
  });

  it('of calls at once hold across instances, and leave nothing held', async () => {
    const suite = suiteWith({ perUserConcurrent: 4 }, holding.url);
    const { id } = await world.connect('ada', { suite });
    const instances = [suite, world.newSuite(), world.newSuite()];
    const calls = instances.map((one) => callAtOnce('ada', id, one, 20));
    const count = await holding.full(60);
    // One more for each instance but the first, which need not ask for their first.
    assert.ok(count >= 4 && count <= 4 + 2, `${count} at once`);
    holding.answer();
    const given = (await Promise.all(calls)).reduce((sum, one) => sum + one);
    assert.equal(given, count);
    const held = Object.values(await world.documents()).flatMap(({ data }) =>
      'holders' in data ? Object.keys(Object(data['holders'])) : [],
    );
    assert.deepEqual(held, []);
  });

  it('are not in the way while Firestore cannot tell', async () => {
    const callLimits = { perMinute: 20, perUserConcurrent: 3, perUserPerMinute: 10 };
    const suite = suiteWith(callLimits, holding.url);
    const { id } = await world.connect('ada', { suite });
    await suite.connections.getAccessToken('ada', id, time);
    world.meter.setIntercept(() => troubles['permission denied']);
    const calls = callAtOnce('ada', id, suite, 30);
    assert.equal(await holding.full(30), 3);
    holding.answer();
    assert.equal(await calls, 3);
    for (let n = 3; n < 10; n += 1) assert.equal(await world.call('ada', id, suite), 200);
    await refuses('rate_limited', world.call('ada', id, suite));
  });

  it('are waited for by the axios client, within its deadline', async () => {
    const suite = suiteWith({ perUserConcurrent: 2 });
    await world.connect('ada', { suite });
    const client = await suite.connections.client('ada', 'sandbox', time);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get('/me')));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const limited = suiteWith({ perUserPerMinute: 2 });
    const soon = await limited.connections.client('ada', 'sandbox', { timeoutMs: 5_000 });
    await Promise.all([soon.get('/me'), soon.get('/me')]);
    const { details } = await errorOf(soon.get('/me'));
    assert.deepEqual(details.limit, { policy: 'per-user', quota: 2, windowSeconds: 60 });
  });

  it('hold a place for a stream until it is read or given up', async () => {
    const suite = suiteWith({ perUserConcurrent: 1 });
    const { id } = await world.connect('ada', { suite });
    const client = await suite.connections.client('ada', 'sandbox', time);
    for (const end of ['read', 'destroyed'] as const) {
      const { data } = await client.get('/bytes/1000000', { responseType: 'stream' });
      await refuses('rate_limited', world.call('ada', id, suite));
      const closed = new Promise((resolve) => data.once('close', resolve));
      if (end === 'read') data.resume();
      else data.destroy();
      await closed;
      assert.equal((await client.get('/me')).status, 200);
    }
  });

  it('remember a 429 of the API with Retry-After: it is not asked before', async () => {
    const suite = suiteWith({});
    const { id } = await world.connect('ada', { suite });
    const fault = { endpoint: 'api', status: 429, headers: { 'retry-after': '20' } } as const;
    world.provider.addFault(fault);
    assert.equal(await world.call('ada', id, suite), 429);
    world.provider.resetCounters();
    const { details } = await errorOf(world.call('ada', id, suite));
    assert.deepEqual(details.limit, { policy: 'provider' });
    assert.equal(apiCalls(), 0);
    world.clock.advance(20_000);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('let tokens be refreshed while the API is down, and calls be made while only the token endpoint is', async () => {
    const suite = world.newSuite();
    const users = ['ada', 'grace', 'linus', 'edsger', 'barbara'];
    const ids = new Map<string, string>();
    for (const uid of users) ids.set(uid, (await world.connect(uid, { suite })).id);
    const idOf = (uid: string) => ids.get(uid) ?? assert.fail();
    world.provider.addFault({ endpoint: 'api', status: 503, times: users.length });
    for (const uid of users) assert.equal(await world.call(uid, idOf(uid), suite), 503);
    world.provider.resetCounters();
    await refuses('unavailable', world.call('ada', idOf('ada'), suite));
    world.clock.advance(301_000);
    // The pause is over: the first call is the probe, with a token refreshed for it.
    assert.equal(await world.call('ada', idOf('ada'), suite), 200);
    assert.equal((await world.vault(idOf('ada'))).generation, 2);
    world.provider.addFault({ endpoint: 'token', status: 503, times: 1_000 });
    assert.equal(await world.call('ada', idOf('ada'), suite), 200);
  });
});
