import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { createProviderStore } from '../../src/store/provider-store.ts';
import type { Suite } from '../../src/suite.ts';
import { copyConnection } from '../harness/copies.ts';
import { openDatabase } from '../harness/database.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const json = { 'content-type': 'application/json' };
const minuteMs = 60_000;

describe('who must act when a refresh fails', function () {
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
  beforeEach(() => world.reset());

  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const connectExpired = async () => {
    const { id } = await world.connect('ada');
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    world.provider.resetCounters();
    return id;
  };
  /** A call that cannot wait. */
  const callNow = (id: string, suite: Suite) =>
    suite.call({ uid: 'ada' }, id, { method: 'GET', path: '/me' }, world.clock.ticks() + 100);
  const errors = () => logged().filter((line) => Object(JSON.parse(line)).severity === 'ERROR');
  const circuit = () => createProviderStore(db).read('sandbox');

  describe('the team, for one connection', () => {
    for (const error of ['invalid_request', 'invalid_scope', 'unsupported_grant_type']) {
      it(`(${error}): its status stays, its caller is told, and no circuit opens for the others`, async () => {
        const id = await connectExpired();
        const ids = [id, ...(await copyConnection(world, id, 9))];
        const suite = world.newSuite();
        const fault = { endpoint: 'token', status: 400, headers: json, body: { error } } as const;
        world.provider.addFault({ ...fault, times: 1_000 });
        for (const each of ids) {
          await refuses('provider_misconfigured', callNow(each, suite), { providerError: error });
          assert.equal((await world.vault(each)).status, 'active');
        }
        // Also whoever comes during the pause, in any instance.
        for (const each of [suite, world.newSuite()]) {
          const last = ids.at(-1) ?? id;
          await refuses('provider_misconfigured', callNow(last, each), { providerError: error });
        }
        assert.equal(tokenRequests(), ids.length);
        assert.equal(await circuit(), undefined);
        assert.deepEqual(errors(), []);
      });
    }

    it('is no longer blamed once the next attempt fails for another reason', async () => {
      const id = await connectExpired();
      const refused = { status: 400, headers: json, body: { error: 'invalid_scope' } };
      world.provider.addFault({ endpoint: 'token', ...refused });
      await refuses('provider_misconfigured', callNow(id, world.suite));
      world.clock.advance(minuteMs);
      world.provider.addFault({
        endpoint: 'token',
        status: 503,
        headers: { 'retry-after': '600' },
      });
      await refuses('unavailable', callNow(id, world.suite));
      await refuses('unavailable', callNow(id, world.newSuite()), {
        dependency: 'provider',
        retryAfterSeconds: 600,
      });
      world.clock.advance(11 * minuteMs);
      assert.equal(await world.call('ada', id), 200);
      assert.equal((await world.vault(id)).refusedWith, null);
    });

    it('asks more and more seldom: at most every 2½ minutes in the end, at least every 5', async () => {
      const id = await connectExpired();
      // The dice that give the shortest pauses.
      const suites = [0, 1, 2].map(() => world.newSuite({ random: () => 0 }));
      const body = { error: 'invalid_request' };
      world.provider.addFault({
        endpoint: 'token',
        status: 400,
        headers: json,
        body,
        times: 9_999,
      });
      const requests: number[] = [];
      const steps = [
        ...Array<number>(60).fill(1_000),
        ...Array<number>(90).fill(10_000),
        ...Array<number>(180).fill(minuteMs),
      ];
      for (const [n, ms] of steps.entries()) {
        await errorOf(callNow(id, suites[n % suites.length] ?? world.suite));
        requests.push(tokenRequests());
        world.clock.advance(ms);
      }
      const [firstMinute = 0, afterAQuarter = 0, last = 0] = [59, 149, 329].map((n) => requests[n]);
      assert.ok(firstMinute <= 8, `${firstMinute} in the first minute`);
      assert.ok(afterAQuarter <= 16, `${afterAQuarter} in the first quarter of an hour`);
      const inThreeHours = last - afterAQuarter;
      assert.ok(inThreeHours >= 36 && inThreeHours <= 72, `${inThreeHours} in three hours`);

      world.provider.clearFaults();
      world.clock.advance(5 * minuteMs);
      assert.equal(await world.call('ada', id, suites[0]), 200);
      assert.equal((await world.vault(id)).failures, 0);
    });
  });

  describe('the user', () => {
    it('of a grant that is gone: 10,000 calls in 3 instances, and rotations, are 1 token request', async () => {
      const id = await connectExpired();
      world.provider.revokeGrants();
      const suites = [world.newSuite(), world.newSuite(), world.newSuite()];
      const codes = new Set<string>();
      const call = async (n: number) => {
        const work = world.call('ada', id, suites[n % suites.length]);
        codes.add((await errorOf(work)).code);
      };
      for (let round = 0; round < 25; round += 1) {
        await Promise.all(Array.from({ length: 400 }, (_, n) => call(n)));
        world.clock.advance(10 * minuteMs);
        await world.suite.rotate();
        await world.runTasks({ twice: true });
      }
      assert.deepEqual([...codes], ['needs_reauth']);
      assert.equal(tokenRequests(), 1);
      const said = logged().filter((line) => line.includes('connection needs its user'));
      assert.equal(said.length, 1);
    });

    it('writes nothing and asks for nothing, whoever calls afterwards', async () => {
      const id = await connectExpired();
      world.provider.revokeGrants();
      await refuses('needs_reauth', world.call('ada', id), { reason: 'revoked' });
      world.provider.resetCounters();
      const cost = await world.costOf(async () => {
        for (let n = 0; n < 20; n += 1) {
          await refuses('needs_reauth', world.call('ada', id, world.newSuite()));
        }
      });
      assert.deepEqual(cost, { reads: 20, writes: 0 });
      assert.equal(tokenRequests(), 0);
    });

    it('heals the same connection by connecting anew: its id, its age and its history stay', async () => {
      const id = await connectExpired();
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      const before = await world.store.readStatus('ada', id);
      const { generation, grantedAt, shard } = await world.vault(id);
      world.clock.advance(3_600_000);
      world.provider.revokeGrants();
      await refuses('needs_reauth', world.call('ada', id, world.newSuite()));

      world.clock.advance(3_600_000);
      const healed = await world.connect('ada', { connectionId: id });
      assert.equal(healed.id, id);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      const after = await world.store.readStatus('ada', id);
      assert.deepEqual(
        [after?.createdAt, after?.account, after?.status, after?.reason],
        [before?.createdAt, before?.account, 'active', null],
      );
      const vault = await world.vault(id);
      assert.deepEqual([vault.generation, vault.shard], [generation + 1, shard]);
      assert.ok(vault.grantedAt >= grantedAt + 2 * 3_600_000);
      assert.deepEqual([vault.failures, vault.journal, vault.lease], [0, null, null]);
      assert.notEqual(vault.refreshAt, null);
      assert.equal((await world.suite.list({ uid: 'ada' })).length, 1);
    });
  });
});
