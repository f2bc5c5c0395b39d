import assert from 'node:assert/strict';
import type { Interception } from '../../../sandbox/firestore-meter/meter.ts';
import { atCommits } from '../harness/commits.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { changesNothing } from '../harness/unchanged.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const unavailable = { status: 503, body: { error: { code: 503, status: 'UNAVAILABLE' } } };
const permissionDenied = {
  status: 403,
  body: { error: { code: 403, status: 'PERMISSION_DENIED' } },
};

describe('with a dependency out of reach', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const ada = { uid: 'ada' };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const activeGrants = () => world.provider.grants().filter(({ status }) => status === 'active');
  /** Every use case of a user, each of which needs the database. */
  const everything = (id: string, state: string, suite = world.suite) => ({
    begin: suite.begin(ada, { provider: 'sandbox' }),
    reconnect: suite.begin(ada, { provider: 'sandbox', connectionId: id }),
    complete: suite.complete(ada, { state, code: 'unused' }),
    list: suite.list(ada),
    get: suite.get(ada, id),
    call: world.call('ada', id, suite),
    token: suite.token(ada, id, world.clock.now() + 55_000),
    disconnect: suite.disconnect(ada, id),
  });
  const assertUnavailable = async (work: Record<string, Promise<unknown>>, dependency: string) => {
    const told = Object.entries(work).map(async ([name, promise]) => {
      const { code, details } = await errorOf(promise);
      return [name, code, details.dependency];
    });
    const expected = Object.keys(work).map((name) => [name, 'unavailable', dependency]);
    assert.deepEqual(await Promise.all(told), expected);
  };

  describe('Firestore', () => {
    const outages: Record<string, Interception> = {
      'is down': unavailable,
      'cuts every connection': { drop: 'before' },
      'refuses everything': permissionDenied,
    };
    for (const [how, fate] of Object.entries(outages)) {
      it(`${how}: everything says unavailable, changes nothing and works again`, async () => {
        const { id } = await world.connect('ada');
        const { state } = await world.suite.begin(ada, { provider: 'sandbox' });
        const suite = world.newSuite();
        await changesNothing(world, async () => {
          world.meter.setIntercept(() => fate);
          await assertUnavailable(everything(id, state, suite), 'firestore');
          world.meter.setIntercept(undefined);
        });
        assert.equal(await world.call('ada', id, suite), 200);
        assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
      });
    }

    it('is lost when a begun connection is to be written: its grant is revoked', async () => {
      const answer = await world.answer('ada');
      atCommits(world.meter, 'connection', [permissionDenied]);
      await refuses('unavailable', world.suite.complete(ada, answer), { dependency: 'firestore' });
      assert.deepEqual(activeGrants(), []);
      assert.deepEqual(await connectionPaths(), []);
      const { id } = await world.connect('ada');
      assert.equal(await world.call('ada', id), 200);
    });

    it('leaves no connection without a grant, though its write was under way at the end', async () => {
      const answer = await world.answer('ada');
      let attempts = 0;
      world.meter.setIntercept(({ operation, body }) => {
        const isConnection = operation.name === 'commit' && /"account"/.test(JSON.stringify(body));
        if (isConnection) attempts += 1;
        return isConnection ? unavailable : undefined;
      });
      await refuses('unavailable', world.suite.complete(ada, answer));
      assert.deepEqual(activeGrants(), []);
      assert.deepEqual(await connectionPaths(), []);
      const before = attempts;
      // Whatever still tries has the longest pause of the client library to show itself.
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      assert.equal(attempts, before, 'the write is still being tried');
    });

    it('loses the answer to the write of a connection: it is connected, and told so', async () => {
      const answer = await world.answer('ada');
      atCommits(world.meter, 'connection', [{ drop: 'after' }]);
      const { id } = await world.suite.complete(ada, answer);
      assert.equal(await world.call('ada', id), 200);
    });

    it('loses the answer to a deletion: it is disconnected, and told so', async () => {
      const { id } = await world.connect('ada');
      atCommits(world.meter, 'removal', [{ drop: 'after' }]);
      assert.equal(typeof (await world.suite.disconnect(ada, id)).revoked, 'boolean');
      assert.deepEqual(await world.documents(), {});
    });

    const connectionPaths = async () =>
      Object.keys(await world.documents()).filter((path) => !/Authorizations/.test(path));
  });

  describe('Secret Manager', () => {
    it('everything that needs a key or the settings says unavailable, and works again', async () => {
      const { id } = await world.connect('ada');
      const answer = await world.answer('ada');
      const suite = world.newSuite();
      await changesNothing(world, async () => {
        world.secretManager.setUnavailable(true);
        const { list, get, ...others } = everything(id, answer.state, suite);
        await assertUnavailable(others, 'secret-manager');
        // These show what is not sealed.
        await Promise.all([list, get]);
        world.secretManager.setUnavailable(false);
      });
      assert.equal(await world.call('ada', id, suite), 200);
      assert.equal((await suite.complete(ada, answer)).status, 'active');
      assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    });

    it('an instance that has read it before does without', async () => {
      const { id } = await world.connect('ada');
      world.secretManager.setUnavailable(true);
      expire();
      assert.equal(await world.call('ada', id), 200);
      assert.deepEqual(await world.suite.disconnect(ada, id), { revoked: true });
    });
  });

  describe('the provider', () => {
    const down = { status: 503, times: 1_000 } as const;

    for (const fault of [down, { drop: 'before', times: 1_000 }] as const) {
      const how = 'drop' in fault ? 'cutting connections' : 'answering 503';

      it(`at begin, ${how}`, async () => {
        const suite = world.newSuite();
        await changesNothing(world, async () => {
          world.provider.addFault({ endpoint: 'discovery', ...fault });
          const begun = suite.begin(ada, { provider: 'sandbox' });
          await refuses('unavailable', begun, { dependency: 'provider' });
        });
        world.provider.clearFaults();
        assert.equal((await world.connect('ada', { suite })).status, 'active');
      });

      it(`at complete, ${how}`, async () => {
        const answer = await world.answer('ada');
        world.provider.addFault({ endpoint: 'token', ...fault });
        await refuses('unavailable', world.suite.complete(ada, answer), { dependency: 'provider' });
        assert.deepEqual(
          Object.values(await world.documents()).map(({ data }) => data['sealed']),
          [null],
        );
        assert.equal(world.provider.counters().tokenRequests.total, 1);
        world.provider.clearFaults();
        await refuses('state_used', world.suite.complete(ada, answer));
        assert.equal((await world.connect('ada')).status, 'active');
      });

      it(`at refresh, ${how}`, async () => {
        const { id } = await world.connect('ada');
        const status = await world.store.readStatus('ada', id);
        expire();
        world.provider.addFault({ endpoint: 'token', ...fault });
        const request = { method: 'GET', path: '/me' };
        const deadlineAt = world.clock.now() + 500;
        const call = world.suite.call(ada, id, request, deadlineAt);
        await refuses('unavailable', call, { dependency: 'provider' });
        assert.deepEqual(await world.store.readStatus('ada', id), status);
        assert.equal((await world.vault(id)).generation, 1);
        world.provider.clearFaults();
        assert.equal(await world.call('ada', id), 200);
      });

      it(`at disconnect, ${how}`, async () => {
        const { id } = await world.connect('ada');
        world.provider.addFault({ endpoint: 'revocation', ...fault });
        const outcome = await world.suite.disconnect(ada, id);
        assert.deepEqual(outcome, { revoked: false, pending: true });
        assert.deepEqual(await world.documents(), {});
        assert.equal(activeGrants().length, 1);
        world.provider.clearFaults();
        await world.runTasks();
        assert.deepEqual(activeGrants(), []);
      });
    }

    it('at call, cutting connections', async () => {
      const { id } = await world.connect('ada');
      const before = await world.documents();
      world.provider.addFault({ endpoint: 'api', drop: 'before', times: 2 });
      await refuses('unavailable', world.call('ada', id), { dependency: 'provider' });
      assert.deepEqual(await world.documents(), before);
      assert.equal(await world.call('ada', id), 200);
    });

    it("at call, answering 503: the API's own answer is handed on", async () => {
      const { id } = await world.connect('ada');
      world.provider.addFault({ endpoint: 'api', status: 503 });
      assert.equal(await world.call('ada', id), 503);
    });
  });
});
