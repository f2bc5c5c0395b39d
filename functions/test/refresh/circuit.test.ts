import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import type { Fault } from '../../../sandbox/provider/faults.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { createProbeForgotten } from '../../src/refresh/probe-forgotten.ts';
import { createProviderStore, type ProviderDocument } from '../../src/store/provider-store.ts';
import type { Suite, SuiteOverrides } from '../../src/suite.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { type Receiver, startReceiver } from '../events/receiver.ts';
import { leapingClock } from '../harness/clock.ts';
import { copyConnection } from '../harness/copies.ts';
import { openDatabase } from '../harness/database.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { troubles } from '../harness/outage.ts';
import { setRotation } from '../harness/rotations.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const json = { 'content-type': 'application/json' };
const refusal: Fault = {
  endpoint: 'token',
  status: 401,
  headers: json,
  body: { error: 'invalid_client' },
  times: 1_000_000,
};

describe('the circuit of a provider', function () {
  this.timeout(60_000);

  let world: World;
  let db: ReturnType<typeof openDatabase>;
  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  });
  after(async () => {
    await db.terminate();
    await world.stop();
  });

  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const circuit = async (): Promise<ProviderDocument | undefined> =>
    (await createProviderStore(db).read('sandbox'))?.document;
  const pauseMs = async () => Number((await circuit())?.retryAt) - world.clock.now();
  const alerts = () =>
    logged().filter((line) => {
      const { severity, provider } = Object(JSON.parse(line));
      return severity === 'ERROR' && provider === 'sandbox';
    });
  /** So many connections whose tokens are over, with a grant that may be refreshed by each. */
  const connectExpired = async (count: number): Promise<[string, ...string[]]> => {
    setRotation(world, 'none');
    const { id } = await world.connect('ada', { suite: world.newSuite() });
    const copies = count > 1 ? await copyConnection(world, id, count - 1) : [];
    expire();
    world.provider.resetCounters();
    return [id, ...copies];
  };
  const callWithin = (suite: Suite, id: string, ms: number) =>
    suite.call({ uid: 'ada' }, id, { method: 'GET', path: '/me' }, world.clock.ticks() + ms);
  const misconfigured = (work: Promise<unknown>) => refuses('provider_misconfigured', work);

  describe('that refuses our client, with 1,000 connections and 3 instances', () => {
    let receiver: Receiver;
    let ids: string[];
    let instances: Suite[];
    let statuses: string[];
    before(async () => {
      await world.reset();
      receiver = await startReceiver();
      ids = await connectExpired(1_000);
      world.publish((settings) => ({
        ...settings,
        events: { webhook: { url: receiver.url, secrets: [`whsec_${'A'.repeat(44)}`] } },
      }));
      world.provider.updateSettings({ rotation: 'none' });
      instances = [world.newSuite(), world.newSuite(), world.newSuite()];
      statuses = await shown();
      world.provider.addFault(refusal);
    });
    after(() => receiver.stop());

    /** What the owner sees of his connections, and when it was written. */
    const shown = async () =>
      (await db.collectionGroup('connections').get()).docs.map(
        ({ ref, updateTime }) => `${ref.path} ${updateTime.valueOf()}`,
      );
    /** Calls these from all instances in turn, 60 at once. @returns the codes of the errors. */
    const callAll = async (some: readonly string[]) => {
      const codes = new Set<string>();
      for (let n = 0; n < some.length; n += 60) {
        const calls = some.slice(n, n + 60).map((id, i) => {
          const work = world.call('ada', id, instances[i % instances.length]);
          return work.catch(async () => (await errorOf(work)).code);
        });
        for (const outcome of await Promise.all(calls)) codes.add(String(outcome));
      }
      return [...codes];
    };
    const told = async (type: string) => {
      await world.runTasks();
      return receiver.deliveries.filter((delivery) => delivery.type === type);
    };

    it('opens at the first refusal: each instance asks once at most, and there is one alert', async () => {
      const first = (suite: Suite, n: number) => world.call('ada', String(ids[n]), suite);
      await Promise.all(instances.map((suite, n) => misconfigured(first(suite, n))));
      assert.ok(tokenRequests() <= instances.length, `${tokenRequests()} requests`);
      assert.equal(alerts().length, 1, alerts().join('\n'));
      const document = await circuit();
      assert.deepEqual(
        [document?.circuit, document?.cause, document?.providerError],
        ['open', 'misconfigured', 'invalid_client'],
      );
      const [event, ...others] = await told('provider_down');
      assert.deepEqual([event?.data['provider'], others.length], ['sandbox', 0]);
    });

    it('tells all 1,000 whose fault it is, and changes none of them', async () => {
      assert.deepEqual(await callAll(ids), ['provider_misconfigured']);
      assert.ok(tokenRequests() <= instances.length, `${tokenRequests()} requests`);
      assert.deepEqual(alerts(), []);
      assert.deepEqual(await shown(), statuses);
      const vault = await db.collection('strongroomVault').select('status', 'lease').get();
      const states = vault.docs.map((found) => `${found.get('status')} ${found.get('lease')}`);
      assert.deepEqual([states.length, ...new Set(states)], [1_000, 'active null']);
    });

    it('has the rotation hand nothing over', async () => {
      const before = tokenRequests();
      await world.newSuite().rotate();
      assert.deepEqual(world.tasks, []);
      assert.equal(tokenRequests(), before);
    });

    it('half-opens: of all instances at once one asks, and doubles the pause when refused', async () => {
      let expectedMs = 30_000;
      for (let probes = 1; probes <= 3; probes += 1) {
        world.clock.advance(expectedMs * 1.25);
        const before = tokenRequests();
        assert.deepEqual(await callAll(ids.slice(0, 180)), ['provider_misconfigured']);
        assert.equal(tokenRequests(), before + 1);
        expectedMs *= 2;
        const isMs = await pauseMs();
        const slackMs = 10_000;
        assert.ok(isMs >= expectedMs * 0.75 - slackMs && isMs <= expectedMs * 1.25, `${isMs} ms`);
      }
      assert.deepEqual(alerts(), []);
      assert.deepEqual(await shown(), statuses);
    });

    it('closes by the first probe that is answered: all work again, and that is told once', async () => {
      world.provider.clearFaults();
      world.clock.advance(240_000 * 1.25);
      for (const [n, suite] of instances.entries()) {
        assert.equal(await world.call('ada', String(ids[n]), suite), 200);
      }
      assert.deepEqual(await callAll(ids.slice(0, 150)), ['200']);
      const document = await circuit();
      assert.deepEqual(
        [document?.circuit, document?.cause, document?.retryAt, document?.failures],
        ['closed', null, null, 0],
      );
      assert.equal((await told('provider_recovered')).length, 1);
      assert.equal((await told('provider_down')).length, 1);
      const said = logged().filter((line) => line.includes('the provider answers again'));
      assert.equal(said.length, 1);
    });
  });

  describe('that gives no answer', () => {
    beforeEach(() => world.reset());

    const ways: Readonly<Record<string, Omit<Fault, 'endpoint'>>> = {
      '503': { status: 503 },
      '429': { status: 429 },
      'dropped connections': { drop: 'before' },
      silence: { delayMs: 60_000 },
      HTML: { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Busy</h1>' },
    };
    for (const [name, way] of Object.entries(ways)) {
      it(`(${name}): opens after 5 connections in a row, with one alert, and probes soon`, async () => {
        const ids = await connectExpired(12);
        // Of which no token is safely spent twice, so that each asks once.
        world.publish((unchanged) => unchanged);
        const suite = world.newSuite({ providerTimeoutMs: 150 });
        world.provider.addFault({ endpoint: 'token', times: 1_000_000, ...way });
        for (const id of ids.slice(0, 4)) await errorOf(callWithin(suite, id, 400));
        assert.equal(await circuit(), undefined);
        for (const id of ids.slice(4)) await errorOf(callWithin(suite, id, 400));
        assert.equal(tokenRequests(), 5);
        assert.equal(alerts().length, 1, alerts().join('\n'));
        assert.equal((await circuit())?.cause, 'down');
        const isMs = await pauseMs();
        assert.ok(isMs <= 5_000 * 1.25, `${isMs} ms`);

        world.provider.clearFaults();
        world.clock.advance(5_000 * 1.25);
        for (const id of ids.slice(6)) assert.equal(await world.call('ada', id, suite), 200);
        assert.equal((await circuit())?.circuit, 'closed');
      });
    }

    it('leaves it alone for as long as it asks for, 15 minutes at most', async () => {
      const ids = await connectExpired(5);
      const suite = world.newSuite();
      const headers = { 'retry-after': '86400' };
      world.provider.addFault({ endpoint: 'token', status: 503, headers, times: 100 });
      for (const id of ids) await errorOf(callWithin(suite, id, 400));
      const isMs = await pauseMs();
      assert.ok(isMs > 14 * 60_000 && isMs <= 15 * 60_000, `${isMs} ms`);
    });

    it('stays closed where one connection alone gets none, for ever', async () => {
      const [id] = await connectExpired(1);
      const suite = world.newSuite();
      world.provider.addFault({ endpoint: 'token', status: 503, times: 1_000_000 });
      for (let times = 0; times < 20; times += 1) {
        await errorOf(callWithin(suite, id, 100));
        world.clock.advance(6 * 60_000);
      }
      assert.equal(tokenRequests(), 20);
      assert.equal(await circuit(), undefined);
    });

    it('stays closed where others get theirs in between', async () => {
      const ids = await connectExpired(10);
      const suite = world.newSuite();
      for (const [n, id] of ids.entries()) {
        const isGood = n === 4;
        if (!isGood) world.provider.addFault({ endpoint: 'token', status: 503 });
        if (isGood) assert.equal(await world.call('ada', id, suite), 200);
        else if (n !== 9) await errorOf(callWithin(suite, id, 100));
      }
      assert.equal(await circuit(), undefined);
    });
  });

  describe('that is open', () => {
    beforeEach(() => world.reset());

    /** Opened by an instance; its provider stays away until its faults are cleared. */
    const opened = async (cause: 'down' | 'misconfigured', overrides: SuiteOverrides = {}) => {
      const ids = await connectExpired(12);
      const suite = world.newSuite(overrides);
      const down: Fault = { endpoint: 'token', status: 503, times: 1_000_000 };
      world.provider.addFault(cause === 'down' ? down : refusal);
      for (const id of ids.slice(0, 5)) await errorOf(callWithin(suite, id, 400));
      assert.equal((await circuit())?.circuit, 'open');
      world.provider.resetCounters();
      return { ids, suite, untouched: ids.slice(5) };
    };

    it('is not noticed by a caller whose token is fresh, nor by one whose token still lives', async () => {
      const { suite } = await opened('misconfigured');
      world.provider.clearFaults();
      const { id } = await world.connect('grace', { suite: world.newSuite() });
      world.provider.addFault(refusal);
      world.provider.resetCounters();
      assert.equal(await world.call('grace', id, suite), 200);
      world.clock.advance((lifetimeSeconds - 20) * 1_000);
      // The circuit's first pause is over by now; what asks is a probe.
      assert.equal(await world.call('grace', id, suite), 200);
      assert.equal(await world.call('grace', id, suite), 200);
      assert.ok(tokenRequests() <= 1, `${tokenRequests()} requests`);
    });

    it('has a caller with an expired token wait for the probe, where he has the time', async () => {
      const clock = leapingClock(world.clock, async (ms) => {
        if (ms > 1_000) world.provider.clearFaults();
      });
      const { suite, untouched } = await opened('down', { clock });
      const startedAt = world.clock.now();
      assert.equal(await world.call('ada', String(untouched[0]), suite), 200);
      const waitedMs = world.clock.now() - startedAt;
      assert.ok(waitedMs >= 3_000 && waitedMs <= 10_000, `${waitedMs} ms`);
      assert.equal(tokenRequests(), 1);
      assert.equal((await circuit())?.circuit, 'closed');
    });

    it('tells him at once when to come again, where he has not', async () => {
      const { suite, untouched } = await opened('down');
      const startedAt = world.clock.now();
      const error = await errorOf(callWithin(suite, String(untouched[0]), 2_000));
      assert.ok(world.clock.now() - startedAt < 2_000);
      const { retryAfterSeconds = 0, ...rest } = error.details;
      assert.deepEqual([error.code, rest], ['unavailable', { dependency: 'provider' }]);
      assert.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 7, `${retryAfterSeconds} s`);
      assert.equal(tokenRequests(), 0);
    });

    it('lets one of 100 callers at once look it up, in each instance', async () => {
      const { suite, untouched } = await opened('misconfigured');
      world.clock.advance(60_000);
      world.meter.reset();
      const calls = Array.from({ length: 100 }, (_, n) =>
        errorOf(world.call('ada', String(untouched[n % untouched.length]), suite)),
      );
      await Promise.all(calls);
      assert.equal(world.meter.counts().byCollection['strongroomProviders']?.reads, 1);
      assert.equal(tokenRequests(), 1);
    });

    it('gives the probe to another where who had it vanishes', async () => {
      const { suite, untouched } = await opened('down', { providerTimeoutMs: 5_000 });
      world.clock.advance(7_000);
      world.provider.clearFaults();
      world.provider.addFault({ endpoint: 'token', delayMs: 60_000, drop: 'before' });
      const lost = errorOf(callWithin(suite, String(untouched[0]), 100));
      const other = world.newSuite({ clock: leapingClock(world.clock) });
      await until('the probe', async () => (await circuit())?.probe != null);
      // It knows of the circuit, and waits its turn.
      const batch = { provider: 'sandbox', connections: [], startAt: world.clock.now() };
      await other.refreshBatch(batch);
      assert.equal(await world.call('ada', String(untouched[1]), other), 200);
      world.provider.clearFaults();
      await lost;
    });

    it('alerts anew where it meets trouble after nobody has probed for long', async () => {
      const { untouched } = await opened('misconfigured');
      assert.equal(alerts().length, 1);
      world.clock.advance(30_000 * 1.25 + 14 * 60_000);
      await misconfigured(world.call('ada', String(untouched[0]), world.newSuite()));
      assert.equal(alerts().length, 1, 'it was the same trouble');
      world.clock.advance(3_600_000);
      const late = [world.newSuite(), world.newSuite()];
      for (const suite of late) await misconfigured(world.call('ada', String(untouched[1]), suite));
      assert.equal(alerts().length, 2);
      const document = await circuit();
      assert.equal(document?.failures, 0);
      assert.ok(Number(document?.openedAt) > world.clock.now() - 60_000);
    });

    it('is closed in the end where only instances that do not know of it meet a good provider', async () => {
      const { untouched } = await opened('misconfigured');
      world.provider.clearFaults();
      world.clock.advance(60_000);
      assert.equal(await world.call('ada', String(untouched[0]), world.newSuite()), 200);
      assert.equal((await circuit())?.circuit, 'open', 'nobody there knew of it');
      await world.newSuite().rotate();
      assert.deepEqual(
        world.tasks.map(({ queue }) => queue),
        ['refreshBatch'],
      );
      await world.runTasks({ suite: world.newSuite() });
      assert.equal((await circuit())?.circuit, 'closed');
    });
  });

  describe('that is forgotten: nothing is due, and nobody who knows of it asks', () => {
    let tasks: unknown[];
    beforeEach(async () => {
      await world.reset();
      tasks = [];
    });
    const probe = () =>
      createProbeForgotten({
        store: world.store,
        providers: createProviderStore(db),
        enqueue: async (_queue, data) => void tasks.push(data),
        clock: world.clock,
      })();
    const deliver = async () => {
      for (const task of tasks.splice(0)) {
        await world.newSuite().refreshBatch(parseRequest(batchRequest, task));
      }
    };
    const openFor = async (ms: number) => {
      const [id] = await connectExpired(1);
      world.provider.addFault(refusal);
      await misconfigured(world.call('ada', id, world.newSuite()));
      world.clock.advance(ms);
      world.provider.resetCounters();
      return id;
    };

    it('is closed by one probe once nobody has asked for a quarter of an hour', async () => {
      await openFor(14 * 60_000);
      await probe();
      assert.deepEqual(tasks, [], 'somebody may be about to ask');
      world.clock.advance(5 * 60_000);
      world.provider.clearFaults();
      await probe();
      assert.equal(tasks.length, 1);
      await deliver();
      assert.equal(tokenRequests(), 1);
      assert.equal((await circuit())?.circuit, 'closed');
      await probe();
      assert.deepEqual(tasks, []);
    });

    it('stays open where the provider still refuses, with no further alert', async () => {
      const id = await openFor(3_600_000);
      assert.equal(alerts().length, 1);
      await probe();
      await deliver();
      assert.equal(tokenRequests(), 1);
      assert.equal((await circuit())?.circuit, 'open');
      assert.equal((await world.vault(id)).status, 'active');
    });

    it('is left as it is where there is no connection to try, or somebody has spoilt it', async () => {
      const id = await openFor(3_600_000);
      await world.suite.disconnect({ uid: 'ada' }, id);
      await db.doc('strongroomProviders/other').set({ circuit: 'open' });
      await probe();
      assert.deepEqual(tasks, []);
    });
  });

  describe('whose document cannot be read or written', () => {
    beforeEach(() => world.reset());
    const blind = () =>
      world.meter.setIntercept(({ body }) =>
        JSON.stringify(body)?.includes('strongroomProviders')
          ? troubles['permission denied']
          : undefined,
      );

    it('costs nothing as long as all is well', async () => {
      const [id] = await connectExpired(1);
      blind();
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
    });

    it('keeps an instance from asking for each connection all the same', async () => {
      const ids = await connectExpired(30);
      blind();
      world.provider.addFault(refusal);
      const suite = world.newSuite();
      for (const id of ids) await misconfigured(world.call('ada', id, suite));
      assert.equal(tokenRequests(), 1);
      assert.equal(alerts().length, 1);
    });

    it('where the answer to its write is lost, is told of once all the same', async () => {
      const [id, ...others] = await connectExpired(5);
      const left = [troubles['a connection dropped after the effect']];
      world.meter.setIntercept(({ operation, body }) =>
        operation.name === 'commit' && JSON.stringify(body)?.includes('strongroomProviders')
          ? left.shift()
          : undefined,
      );
      world.provider.addFault(refusal);
      await misconfigured(world.call('ada', id, world.newSuite()));
      assert.deepEqual([left.length, alerts().length], [0, 1]);
      for (const other of others) await misconfigured(world.call('ada', other, world.newSuite()));
      assert.equal(alerts().length, 1);
    });

    it('has each instance find out by itself when all is well again', async () => {
      const ids = await connectExpired(10);
      blind();
      world.provider.addFault(refusal);
      const suite = world.newSuite();
      for (const id of ids) await misconfigured(world.call('ada', id, suite));
      world.clock.advance(38_000);
      for (const id of ids) await misconfigured(world.call('ada', id, suite));
      assert.equal(tokenRequests(), 2);
      world.provider.clearFaults();
      world.clock.advance(38_000);
      for (const id of ids) assert.equal(await world.call('ada', id, suite), 200);
    });

    it('where somebody has spoilt it, is no reason to stop', async () => {
      const ids = await connectExpired(10);
      await db.doc('strongroomProviders/sandbox').set({ circuit: 'ajar' });
      world.provider.addFault(refusal);
      const suite = world.newSuite();
      for (const id of ids) await misconfigured(world.call('ada', id, suite));
      world.provider.clearFaults();
      world.clock.advance(38_000);
      for (const id of ids.slice(5)) assert.equal(await world.call('ada', id, suite), 200);
      await world.newSuite().rotate();
      await world.runTasks({ suite: world.newSuite() });
      for (const id of ids) assert.equal((await world.vault(id)).generation, 2);
    });
  });
});
