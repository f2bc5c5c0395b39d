import assert from 'node:assert/strict';
import { systemClock as realClock } from '../../src/platform/clock.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { startWorkers, type Workers } from '../harness/workers.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;

describe('a refresh is one token request, however many want it', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connect = async (uid: string) => {
    const { id } = await world.connect(uid);
    world.provider.resetCounters();
    return id;
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const assertOneRequest = () => {
    const { tokenRequests, tokenErrors } = world.provider.counters();
    assert.deepEqual(tokenRequests.byGrantType, { refresh_token: 1 });
    assert.equal(tokenErrors, 0);
  };
  const callAtOnce = async (uid: string, id: string, times: number) => {
    const statuses = await Promise.all(Array.from({ length: times }, () => world.call(uid, id)));
    assert.deepEqual([...new Set(statuses)], [200]);
  };

  for (const callers of [50, 500]) {
    it(`${callers} callers in one process, token expired`, async () => {
      const id = await connect(`many-${callers}`);
      expire();
      await callAtOnce(`many-${callers}`, id, callers);
      assertOneRequest();
      assert.equal((await world.vault(id)).generation, 2);
    });

    it(`${callers} callers in one process, token refused by the API`, async () => {
      const id = await connect(`refused-${callers}`);
      await world.call(`refused-${callers}`, id);
      world.provider.expireAccessTokens();
      await callAtOnce(`refused-${callers}`, id, callers);
      assertOneRequest();
      assert.equal((await world.vault(id)).generation, 2);
    });
  }

  it('callers in an instance whose token is older than the one that the API refuses', async () => {
    const id = await connect('behind');
    const behind = world.newSuite();
    assert.equal(await world.call('behind', id, behind), 200);
    world.provider.expireAccessTokens();
    assert.equal(await world.call('behind', id), 200);
    world.provider.resetCounters();
    world.provider.expireAccessTokens();
    const calls = Array.from({ length: 50 }, (_, i) =>
      world.call('behind', id, i % 2 === 0 ? behind : world.suite),
    );
    assert.deepEqual([...new Set(await Promise.all(calls))], [200]);
    assertOneRequest();
    assert.equal((await world.vault(id)).generation, 3);
  });

  it('callers of an API that refuses the new token as well: the 401 is theirs', async () => {
    const id = await connect('unloved');
    const behind = world.newSuite();
    assert.equal(await world.call('unloved', id, behind), 200);
    world.provider.expireAccessTokens();
    assert.equal(await world.call('unloved', id), 200);
    world.provider.resetCounters();
    world.provider.addFault({ endpoint: 'api', status: 401, times: 1_000 });
    assert.equal(await world.call('unloved', id, behind), 401);
    assertOneRequest();
    assert.equal((await world.vault(id)).status, 'active');
  });

  it('callers, a batch and a rotation in several instances at once', async () => {
    const id = await connect('mixed');
    expire();
    const handed: Promise<void>[] = [];
    const rotating = world.newSuite({
      enqueue: async (_queue, data) => {
        handed.push(world.newSuite().refreshBatch(parseRequest(batchRequest, data)));
      },
    });
    const other = world.newSuite();
    await Promise.all([
      rotating.rotate(),
      ...Array.from({ length: 20 }, async () => assert.equal(await world.call('mixed', id), 200)),
      ...Array.from({ length: 20 }, async () =>
        assert.equal(await world.call('mixed', id, other), 200),
      ),
      world.newSuite().refreshBatch({
        provider: 'sandbox',
        connections: [{ id, generation: 1 }],
        startAt: world.clock.now(),
      }),
    ]);
    await Promise.all(handed);
    assertOneRequest();
    assert.equal((await world.vault(id)).generation, 2);
  });

  describe('from four processes', () => {
    const processes = 4;
    const callersEach = 50;
    let workers: Workers;
    before(async () => {
      workers = await startWorkers(world, processes);
    });
    after(() => workers?.stop());

    const callFromAll = async (uid: string, id: string) => {
      const outcomes = await workers.callAtOnce(uid, id, callersEach);
      assert.equal(outcomes.length, processes * callersEach);
      assert.deepEqual([...new Set(outcomes)], ['200']);
    };

    /** Their clocks are real, so these tokens' end is real as well. */
    const connectExpired = async (...uids: string[]) => {
      world.provider.updateSettings({ accessTokenSeconds: 1 });
      const suite = world.newSuite({ clock: realClock });
      const connected = await Promise.all(uids.map((uid) => world.connect(uid, { suite })));
      world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
      const ids = connected.map(({ id }) => id);
      const vaults = await Promise.all(ids.map((id) => world.vault(id)));
      const expired = Math.max(...vaults.map(({ expiresAt }) => Number(expiresAt)));
      await realClock.sleep(expired - realClock.now() + 1);
      world.provider.resetCounters();
      return ids;
    };

    /** For rotation, which leaves alone what lives as shortly as these. */
    const makeDue = async (id: string) => {
      const found = await world.store.readVault(id);
      assert.ok(found);
      await world.store.update(found, { refreshAt: found.document.expiresAt });
    };

    it('50 callers each, token expired', async () => {
      const [id = ''] = await connectExpired('processes');
      await callFromAll('processes', id);
      assertOneRequest();
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('on 20 connections at once, with a rotation and a batch in the middle of it', async () => {
      const uids = Array.from({ length: 20 }, (_, i) => `crowd-${i}`);
      const ids = await connectExpired(...uids);
      await Promise.all(ids.map(makeDue));
      // Long enough for all of them to meet.
      world.provider.addFault({ endpoint: 'token', delayMs: 1_000, times: ids.length });
      const callers = uids.map((uid, i) => ({ uid, connectionId: `${ids[i]}`, times: 5 }));
      const startAt = realClock.now();
      const connections = ids.map((id) => ({ id, generation: 1 }));
      const [first, second] = workers.all;
      const [outcomes] = await Promise.all([
        Promise.all(workers.all.map((worker) => worker.call(callers))),
        first?.rotate(),
        second?.refreshBatch({ provider: 'sandbox', connections, startAt }),
      ]);
      assert.equal(outcomes.flat().length, processes * callers.length * 5);
      assert.deepEqual([...new Set(outcomes.flat())], ['200']);
      const { tokenRequests, tokenErrors } = world.provider.counters();
      assert.deepEqual([tokenRequests.total, tokenErrors], [ids.length, 0]);
      for (const id of ids) assert.equal((await world.vault(id)).generation, 2);
      const refreshes = world.provider.grants().slice(-ids.length);
      assert.ok(refreshes.every((grant) => grant.status === 'active' && grant.refreshes === 1));
    });

    it('50 callers each, token refused by the API', async () => {
      const [id = ''] = await connectExpired('processes-401');
      await callFromAll('processes-401', id);
      world.provider.resetCounters();
      world.provider.expireAccessTokens();
      await callFromAll('processes-401', id);
      assertOneRequest();
      assert.equal((await world.vault(id)).generation, 3);
    });
  });
});
