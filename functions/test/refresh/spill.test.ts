import assert from 'node:assert/strict';
import * as v from 'valibot';
import { type Spilled, spilledSchema } from '../../src/refresh/spill.ts';
import { leapingClock } from '../harness/clock.ts';
import { refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { outageFrom, troubles } from '../harness/outage.ts';
import { setRotation } from '../harness/rotations.ts';
import { changesNothing } from '../harness/unchanged.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;

describe('what the provider gave and Firestore could not take, in its task', function () {
  this.timeout(30_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const instance = () => world.newSuite({ clock: leapingClock(world.clock) });
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  /** A connection whose refresh is in a task; Firestore is back. */
  const spilled = async (uid = 'ada') => {
    const { id } = await world.connect(uid);
    expire();
    world.provider.resetCounters();
    const outage = outageFrom(world.meter, id, 'refresh', troubles['permission denied']);
    assert.equal(await world.call(uid, id, instance()), 200);
    outage.end();
    return id;
  };
  const task = (): Spilled => v.parse(spilledSchema, world.tasks.at(-1)?.data);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const stored = async () =>
    Object.entries(await world.documents()).filter(([path]) => !path.startsWith('strongroomAudit'));
  /** Of the last one; the tests before this one have left theirs. */
  const grantOf = (uid: string) =>
    world.provider.grants().findLast(({ accountId }) => accountId === uid)?.status;
  const tokenOf = async (uid: string, connectionId: string) => {
    world.publish(({ providers, ...settings }) => ({
      ...settings,
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, provider]) => [
          name,
          { ...provider, allowTokenRelease: true },
        ]),
      ),
    }));
    const deadlineAt = world.clock.ticks() + 55_000;
    return (await world.newSuite().token({ uid }, connectionId, deadlineAt)).accessToken;
  };

  describe('is written once', () => {
    it('where the task comes twice', async () => {
      const id = await spilled();
      await world.runTasks({ twice: true });
      const { generation, refreshes, lease, journal } = await world.vault(id);
      assert.deepEqual(
        { generation, refreshes, lease, journal },
        { generation: 2, refreshes: 1, lease: null, journal: null },
      );
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 1);
    });

    it('where it comes twice at once, in two instances', async () => {
      const id = await spilled();
      const data = task();
      const two = [world.newSuite(), world.newSuite()];
      await Promise.all(two.map((suite) => suite.commitRefresh(data)));
      const { generation, refreshes } = await world.vault(id);
      assert.deepEqual({ generation, refreshes }, { generation: 2, refreshes: 1 });
    });

    it('where it comes hours late, and the old token has long been over', async () => {
      const id = await spilled();
      world.clock.advance(5 * 3_600_000);
      await world.runTasks();
      assert.equal((await world.vault(id)).generation, 2);
      // Its access token is over as well by now, and its refresh token is the one that works.
      assert.equal(await world.call('ada', id, instance()), 200);
      assert.equal(tokenRequests(), 2);
      assert.equal(grantOf('ada'), 'active');
    });

    it('where two connections have theirs, and the tasks come in the other order', async () => {
      const [ada, grace] = [await spilled('ada'), await spilled('grace')];
      assert.equal(world.tasks.length, 2);
      await world.runTasks({ lastFirst: true, twice: true });
      for (const id of [ada, grace]) assert.equal((await world.vault(id)).generation, 2);
      assert.equal(await world.call('ada', ada, world.newSuite()), 200);
      assert.equal(await world.call('grace', grace, world.newSuite()), 200);
    });
  });

  describe('is left alone', () => {
    it('where its user has connected the account anew meanwhile', async () => {
      const id = await spilled();
      const { id: same } = await world.connect('ada', { connectionId: id });
      assert.equal(same, id);
      await changesNothing(world, () => world.runTasks({ twice: true }));
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
    });

    it('where the connection was refreshed again meanwhile', async () => {
      setRotation(world, 'grace');
      const id = await spilled();
      // The lease is over, and this provider takes the old refresh token for a while.
      world.clock.advance(60_000);
      assert.equal(await world.call('ada', id, instance()), 200);
      const { generation } = await world.vault(id);
      assert.equal(generation, 2);
      await changesNothing(world, () => world.runTasks({ twice: true }));
    });
  });

  describe('is revoked', () => {
    it('where the connection was ended meanwhile', async () => {
      const id = await spilled();
      // What ends the old tokens does not end the new ones here.
      world.provider.addFault({ endpoint: 'revocation', status: 200, times: 2 });
      await world.newSuite().disconnect({ uid: 'ada' }, id);
      assert.equal(grantOf('ada'), 'active');
      await world.runTasks({ twice: true });
      assert.equal(grantOf('ada'), 'revoked');
      assert.deepEqual(await world.documents(), {});
    });

    it('also where the provider is out of order for a while: the task comes again', async () => {
      const id = await spilled();
      world.provider.addFault({ endpoint: 'revocation', status: 200, times: 2 });
      await world.newSuite().disconnect({ uid: 'ada' }, id);
      world.provider.addFault({ endpoint: 'revocation', status: 503, times: 2 });
      await refuses('unavailable', world.runTasks());
      await refuses('unavailable', world.runTasks());
      await world.runTasks();
      assert.equal(grantOf('ada'), 'revoked');
    });
  });

  it('brings back a connection that another gave up because its token was spent', async () => {
    // The provider does not punish the second use.
    setRotation(world, 'grace');
    const id = await spilled();
    const outcome = { error: 'invalid_grant' };
    world.clock.advance(60_000);
    world.provider.addFault({ endpoint: 'token', status: 400, body: outcome, headers: json });
    await refuses('needs_reauth', world.call('ada', id, instance()), { reason: 'interrupted' });
    await world.runTasks({ twice: true });
    const { status, reason, refreshAt } = await world.vault(id);
    assert.deepEqual({ status, reason }, { status: 'active', reason: null });
    assert.notEqual(refreshAt, null);
    assert.equal((await world.store.readStatus('ada', id))?.status, 'active');
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
  });

  it('does not wake a connection that has come to another account', async () => {
    setRotation(world, 'grace');
    const id = await spilled();
    const found = await world.store.readVault(id);
    assert.ok(found);
    await world.store.update(found, {
      status: 'needs_reauth',
      reason: 'account_changed',
      refreshAt: null,
      lease: null,
      journal: null,
    });
    await world.runTasks();
    const { status, refreshAt } = await world.vault(id);
    assert.deepEqual({ status, refreshAt }, { status: 'needs_reauth', refreshAt: null });
  });

  describe('is sealed', () => {
    it('so that neither the task nor the log shows a token', async () => {
      const id = await spilled();
      const wire = JSON.stringify(world.tasks);
      const lines = logged().join('\n');
      await world.runTasks();
      const token = await tokenOf('ada', id);
      assert.ok(token.length > 20);
      for (const text of [wire, lines]) {
        assert.equal(text.includes(token), false);
        assert.doesNotMatch(text, /accessToken|refreshToken|idToken/);
      }
      assert.deepEqual(Object.keys(Object(JSON.parse(wire)[0].data)).sort(), [
        'generation',
        'id',
        'sealed',
        'uid',
      ]);
    });

    it('for its connection, user and generation alone: elsewhere it does not open', async () => {
      await spilled();
      const { id: other } = await world.connect('grace');
      const data = task();
      const moved: Partial<Spilled>[] = [
        { id: other },
        { uid: 'grace' },
        { id: other, uid: 'grace' },
        { generation: data.generation + 1 },
        { sealed: `${data.sealed.slice(0, -4)}AAAA` },
        { sealed: '' },
        { sealed: (await world.vault(other)).sealed, id: other, uid: 'grace' },
      ];
      const before = await stored();
      world.provider.resetCounters();
      for (const change of moved) {
        const work = world.newSuite().commitRefresh({ ...data, ...change });
        await refuses('sealed_value_rejected', work);
      }
      // It is audited, but nothing of the connections is changed.
      assert.deepEqual(await stored(), before);
      assert.equal(world.provider.counters().revocations, 0);
    });

    it('so that it is no token set of the vault', async () => {
      const id = await spilled();
      const found = await world.store.readVault(id);
      assert.ok(found);
      await world.store.update(found, { sealed: task().sealed });
      await refuses('sealed_value_rejected', world.call('ada', id, instance()));
    });
  });
});

const json = { 'content-type': 'application/json' };
