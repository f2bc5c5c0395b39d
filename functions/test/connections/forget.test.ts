import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { isReceiptOf } from '../../src/audit/receipt.ts';
import { createSweep } from '../../src/connections/upkeep/sweep.ts';
import { createForgettingStore } from '../../src/store/forgetting-store.ts';
import type { Suite } from '../../src/suite.ts';
import { pathsIn, recordsIn } from '../harness/audit.ts';
import { atCommits } from '../harness/commits.ts';
import { openDatabase } from '../harness/database.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { createWorld, type World } from '../harness/world.ts';

const down = { endpoint: 'revocation', status: 503, times: 1_000 } as const;
const denied = { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } };

describe('forgetting a user', function () {
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

  const sweepOf = (suite: Suite, isGone: (uid: string) => boolean = () => true) =>
    createSweep({
      store: world.store,
      forgettings: createForgettingStore(db),
      standings: async (uids) =>
        new Map(uids.map((uid) => [uid, { kind: isGone(uid) ? 'gone' : 'present' }])),
      pause: { pause: async () => 0, resume: async () => 0 },
      forget: suite.forget,
      warn: async () => 0,
      probe: async () => {},
      clock: world.clock,
    });
  const receipts = async () =>
    (await recordsIn(world, null)).filter(({ type }) => type === 'user_forgotten');
  const assertForgotten = async (uid: string, expected: object) => {
    assert.deepEqual(await pathsIn(world), []);
    const found = await receipts();
    assert.equal(found.length, 1);
    const [receipt] = found;
    assert.ok(receipt && isReceiptOf(uid, receipt));
    const { connections, pending } = Object(receipt);
    assert.deepEqual({ connections, pending }, expected);
  };

  it('leaves nothing but a receipt, which only his uid proves', async () => {
    world.publish((settings) => ({ ...settings, audit: { records: 'everything', keepDays: 9 } }));
    const suite = world.newSuite();
    for (const account of ['ada', 'work', 'home']) await world.connect('ada', { suite, account });
    await suite.begin({ uid: 'ada' }, { provider: 'sandbox' });
    assert.equal((await recordsIn(world, 'ada')).length, 3);
    assert.deepEqual(await suite.forget('ada'), { connections: 3, pending: 0 });
    await assertForgotten('ada', { connections: 3, pending: 0 });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.doesNotMatch(JSON.stringify(await world.documents()), /ada/);
    const [receipt] = await receipts();
    assert.ok(receipt && !isReceiptOf('grace', receipt));
    assert.equal(receipt.deleteAt - receipt.occurredAt, 9 * 86_400_000);
  });

  it('touches nobody else, and is done once however often it is asked for', async () => {
    const { id } = await world.connect('grace');
    await world.connect('ada');
    await world.suite.forget('ada');
    assert.deepEqual(await world.suite.forget('ada'), { connections: 0, pending: 0 });
    assert.equal((await receipts()).length, 1);
    assert.equal(await world.call('grace', id), 200);
  });

  it('leaves one receipt where two runs overlap', async () => {
    for (let i = 0; i < 4; i += 1) await world.connect('ada', { account: `ada-${i}` });
    await Promise.all([world.suite.forget('ada'), world.newSuite().forget('ada')]);
    await assertForgotten('ada', { connections: 4, pending: 0 });
  });

  it('ends his connections also where the app has deleted what it shows of them', async () => {
    const { id } = await world.connect('ada');
    await db.doc(`strongroom/ada/connections/${id}`).delete();
    await world.suite.forget('ada');
    assert.deepEqual(await pathsIn(world), []);
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
  });

  it("tells the team's backend of each connection, with the cause", async () => {
    const secrets = [`whsec_${Buffer.alloc(32, 7).toString('base64')}`];
    world.publish((settings) => ({
      ...settings,
      events: { webhook: { url: world.provider.url, secrets }, types: ['disconnected'] },
    }));
    const suite = world.newSuite();
    const { id } = await world.connect('ada', { suite });
    await suite.forget('ada');
    const told = Object.entries(await world.documents()).flatMap(([path, { data }]) =>
      path.startsWith('strongroomEvents/') ? [[data['subject'], data['data']]] : [],
    );
    assert.deepEqual(told, [[id, { cause: 'account_deleted' }]]);
  });

  it('deletes what is shown of a connection that is gone', async () => {
    const { id } = await world.connect('ada');
    await db.doc(`strongroomVault/${id}`).delete();
    await world.suite.forget('ada');
    await assertForgotten('ada', { connections: 0, pending: 0 });
  });

  it('waits for no provider that is down: it shreds at once and revokes later, in the dark', async () => {
    for (let i = 0; i < 3; i += 1) await world.connect('ada', { account: `ada-${i}` });
    world.provider.addFault(down);
    assert.deepEqual(await world.suite.forget('ada'), { connections: 3, pending: 3 });
    await assertForgotten('ada', { connections: 3, pending: 3 });
    assert.equal(world.tasks.length, 3);
    world.provider.clearFaults();
    await world.runTasks();
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.equal((await recordsIn(world, null)).length, 1);
  });

  it('asks a provider that is down once, not for each of many connections', async () => {
    for (let i = 0; i < 8; i += 1) await world.connect('ada', { account: `ada-${i}` });
    world.provider.addFault(down);
    world.provider.resetCounters();
    await world.suite.forget('ada');
    // Those of the first turns are under way together.
    assert.ok(world.provider.counters().revocations <= 5);
    assert.equal(world.tasks.length, 8);
  });

  it('names neither him nor his connection where a grant cannot be revoked', async () => {
    await world.connect('ada');
    world.publish(({ app }) => ({ app, providers: {} }));
    await world.newSuite().forget('ada');
    const found = (await recordsIn(world, null)).find(({ type }) => type === 'grant_not_revoked');
    assert.ok(found?.type === 'grant_not_revoked');
    assert.deepEqual(
      [found.uid, found.connectionId, found.provider, found.reason],
      [null, null, 'sandbox', 'provider_unknown'],
    );
    assert.doesNotMatch(JSON.stringify(await world.documents()), /ada/);
  });

  it('is finished by the next run where it was killed at any of its commits', async () => {
    // Dropped before and after they take effect, each commit in its turn.
    for (const drop of ['before', 'after'] as const) {
      for (let at = 0; ; at += 1) {
        await world.reset();
        await world.connect('ada');
        await world.suite.begin({ uid: 'ada' }, { provider: 'sandbox' });
        let commits = 0;
        let isDead = false;
        world.meter.setIntercept(({ operation }) => {
          if (isDead) return denied;
          if (operation.name !== 'commit') return undefined;
          commits += 1;
          if (commits <= at) return undefined;
          isDead = true;
          return drop === 'before' ? denied : { drop };
        });
        const killed = await world
          .newSuite()
          .forget('ada')
          .then(
            () => false,
            () => true,
          );
        world.meter.setIntercept(undefined);
        if (!killed && !isDead) break;
        await world.newSuite().forget('ada');
        assert.deepEqual(await pathsIn(world), [], `${drop} ${at}`);
        assert.deepEqual(liveGrantsOf(world, 'ada'), []);
        assert.equal((await receipts()).length, 1, `${drop} ${at}`);
      }
    }
  });

  it('is finished by the sweep where nothing but its end was left to do', async () => {
    await world.connect('ada');
    await world.suite.begin({ uid: 'ada' }, { provider: 'sandbox' });
    atCommits(
      world.meter,
      'removal',
      [undefined, ...Array.from({ length: 50 }, () => denied)].map((fate) => async () => fate),
    );
    await errorOf(world.newSuite().forget('ada'));
    world.meter.setIntercept(undefined);
    const paths = await pathsIn(world);
    assert.ok(!paths.some((path) => path.startsWith('strongroomVault')), paths.join());
    const sweep = sweepOf(world.suite);
    await sweep();
    assert.equal((await receipts()).length, 0, 'It may still be under way.');
    world.clock.advance(16 * 60_000);
    await sweep();
    await assertForgotten('ada', { connections: 1, pending: 0 });
  });

  it('is not taken up by the sweep for a user who is still there', async () => {
    await createForgettingStore(db).begin('ada', world.clock.now());
    const { id } = await world.connect('ada');
    world.clock.advance(16 * 60_000);
    await sweepOf(world.suite, () => false)();
    assert.equal(await world.call('ada', id), 200);
    assert.ok(!(await pathsIn(world)).some((path) => path.includes('forget_')));
  });

  it('goes on with the next users where one cannot be forgotten', async () => {
    for (const uid of ['ada', 'grace', 'alan']) await world.connect(uid);
    world.provider.addFault({ endpoint: 'revocation', status: 503 });
    let tries = 0;
    const suite = world.newSuite({
      enqueue: async () => {
        tries += 1;
        // The others may find the provider down as well, and are handed to the queue then.
        if (tries === 1) throw new Error('down');
      },
    });
    const sweep = sweepOf(suite);
    await refuses('unavailable', sweep(), { dependency: 'task-queue' });
    assert.ok(tries >= 1);
    const left = (await pathsIn(world)).filter((path) => path.startsWith('strongroomVault'));
    assert.equal(left.length, 1, left.join());
    world.clock.advance(60_000);
    await sweep();
    assert.deepEqual(await pathsIn(world), []);
    assert.equal((await receipts()).length, 3);
  });
});
