import assert from 'node:assert/strict';
import type { Standing } from '../../src/platform/users.ts';
import { standingOf } from '../../src/platform/users.ts';
import { recordsIn } from '../harness/audit.ts';
import { holdCommit } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { knowing } from '../harness/standings.ts';
import { createWorld, type World } from '../harness/world.ts';

const hourMs = 3_600_000;
/** The sandbox provider's. */
const tokenLifetimeMs = 300_000;

describe('the connections of a user who is away', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());
  afterEach(() => world.meter.setIntercept(undefined));

  const suiteThatKnows = (known: Readonly<Record<string, Standing>>) =>
    world.newSuite({ standings: knowing(known) });
  const statusOf = async (uid: string, id: string) => {
    const { status, refreshAt } = await world.vault(id);
    const shown = await world.store.readStatus(uid, id);
    assert.equal(shown?.status, status, 'what is shown and what is held differ');
    return { status, refreshAt };
  };

  it('are paused by the sweep, and called by nobody, in no instance; and go on when he is back', async () => {
    const { id } = await world.connect('ada');
    const { id: other } = await world.connect('grace');
    const { refreshAt } = await world.vault(id);
    assert.ok(refreshAt);

    await suiteThatKnows({ ada: { kind: 'disabled' } }).sweep();
    assert.deepEqual(await statusOf('ada', id), { status: 'paused', refreshAt: null });
    assert.equal((await statusOf('grace', other)).status, 'active');
    await refuses('connection_paused', world.call('ada', id, world.newSuite()));
    assert.equal(await world.call('grace', other), 200);

    await suiteThatKnows({}).sweep();
    assert.deepEqual(await statusOf('ada', id), { status: 'active', refreshAt });
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
  });

  it('are paused an hour after his sessions were revoked, and at once where his token is refused', async () => {
    const { id } = await world.connect('ada');
    const since = world.clock.now();
    const suite = suiteThatKnows({ ada: { kind: 'signed_out', since } });
    await suite.sweep();
    assert.equal((await statusOf('ada', id)).status, 'active');
    await suite.sessionEnded('ada');
    assert.equal((await statusOf('ada', id)).status, 'paused');

    await suite.resume('ada');
    world.clock.advance(hourMs + 1_000);
    await suite.sweep();
    assert.equal((await statusOf('ada', id)).status, 'paused');
  });

  it('stay as they are where he has another session, whoever shows a token of an old one', async () => {
    const { id } = await world.connect('ada');
    await suiteThatKnows({}).sessionEnded('ada');
    assert.equal((await statusOf('ada', id)).status, 'active');
  });

  it('are not paused by a Firebase Auth that gives no answer, and nobody is told of that', async () => {
    const { id } = await world.connect('ada');
    let answers = false;
    const standings = async (uids: readonly string[]) => {
      if (!answers) throw new Error('Firebase Auth is away.');
      return knowing({ ada: { kind: 'disabled' } })(uids);
    };
    const suite = world.newSuite({ standings });
    await suite.sessionEnded('ada');
    assert.equal((await statusOf('ada', id)).status, 'active');
    // What failed is tried again, however soon.
    answers = true;
    await suite.sessionEnded('ada');
    assert.equal((await statusOf('ada', id)).status, 'paused');
  });

  it('cost nothing more, however often his token comes', async () => {
    await world.connect('ada');
    let asked = 0;
    const standings = async (uids: readonly string[]) => {
      asked += 1;
      return knowing({ ada: { kind: 'disabled' } })(uids);
    };
    const suite = world.newSuite({ standings });
    const first = await world.costOf(() => suite.sessionEnded('ada'));
    // Both documents, and the record of the audit.
    assert.deepEqual(first, { reads: 1, writes: 3 });
    const again = await world.costOf(async () => {
      for (let i = 0; i < 50; i += 1) await suite.sessionEnded('ada');
    });
    assert.deepEqual([again, asked], [{ reads: 0, writes: 0 }, 1]);
    const elsewhere = world.newSuite({ standings });
    const other = await world.costOf(() => elsewhere.sessionEnded('ada'));
    assert.deepEqual(other, { reads: 1, writes: 0 });
  });

  it('are neither due nor refreshed while they are paused, and soon afterwards', async () => {
    const { id } = await world.connect('ada');
    await world.suite.pause('ada', 'disabled');
    world.clock.advance(tokenLifetimeMs);
    const before = world.provider.counters().tokenRequests.total;
    await world.suite.rotate();
    await world.runTasks();
    // A task that was handed over before meets it once, and leaves it alone.
    const batch = {
      provider: 'sandbox',
      startAt: world.clock.now(),
      connections: [{ id, generation: 1 }],
    };
    const cost = await world.costOf(() => world.suite.refreshBatch(batch));
    assert.deepEqual(cost, { reads: 1, writes: 0 });
    assert.equal(world.provider.counters().tokenRequests.total, before);
    assert.deepEqual(await statusOf('ada', id), { status: 'paused', refreshAt: null });

    await world.suite.resume('ada');
    await world.suite.rotate();
    await world.runTasks();
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('keep what a refresh that was under way has brought, and stay paused', async () => {
    const { id } = await world.connect('ada');
    world.clock.advance(tokenLifetimeMs + 1_000);
    const refresh = holdCommit(world.meter, 'refresh');
    const calling = world.call('ada', id);
    await refresh.reached;
    await world.newSuite().pause('ada', 'disabled');
    refresh.release();
    assert.equal(await calling, 200);
    const { generation } = await world.vault(id);
    assert.equal(generation, 2);
    assert.deepEqual(await statusOf('ada', id), { status: 'paused', refreshAt: null });
    await world.suite.resume('ada');
    assert.ok(Number((await statusOf('ada', id)).refreshAt) > world.clock.now());
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
  });

  it('are all paused where he has many, but for those that need him in any case', async () => {
    const { id } = await world.connect('ada');
    const { id: dead } = await world.connect('ada', { account: 'ada-at-work' });
    world.provider.revokeGrants();
    world.clock.advance(tokenLifetimeMs + 1_000);
    await refuses('needs_reauth', world.call('ada', dead));
    await world.suite.pause('ada', 'signed_out');
    assert.equal((await statusOf('ada', id)).status, 'paused');
    assert.equal((await statusOf('ada', dead)).status, 'needs_reauth');
    assert.equal(await world.suite.resume('ada'), 1);
    assert.equal((await statusOf('ada', dead)).status, 'needs_reauth');
  });

  it('can be disconnected, forgotten, and healed by himself', async () => {
    const { id } = await world.connect('ada');
    await world.suite.pause('ada', 'disabled');
    assert.equal((await world.connect('ada', { connectionId: id })).status, 'active');
    await world.suite.pause('ada', 'disabled');
    assert.deepEqual(await world.suite.disconnect({ uid: 'ada' }, id), { revoked: true });
  });

  it('leave a record each time, with the cause', async () => {
    await world.connect('ada');
    await world.suite.pause('ada', 'signed_out');
    await world.suite.pause('ada', 'signed_out');
    await world.suite.resume('ada');
    const found = (await recordsIn(world, 'ada')).map((one) => [
      one.type,
      'cause' in one ? one.cause : undefined,
    ]);
    assert.deepEqual(found, [
      ['resumed', undefined],
      ['paused', 'signed_out'],
    ]);
  });
});

describe("a user's standing, as Firebase Auth's record of him says", () => {
  const at = (time: string) => `Sun, 22 Nov 2026 ${time} GMT`;
  const created = at('10:00:00');
  const user = (
    change: { readonly disabled?: boolean; readonly tokensValidAfterTime?: string | undefined },
    metadata: Parameters<typeof standingOf>[0]['metadata'],
  ) => standingOf({ disabled: false, tokensValidAfterTime: created, ...change, metadata });
  const signedIn = { lastSignInTime: created };
  const revoked = { tokensValidAfterTime: at('11:00:00') };
  const since = Date.parse(at('11:00:00'));

  it('is present who has signed in, or never has', () => {
    assert.deepEqual(user({}, signedIn), { kind: 'present' });
    assert.deepEqual(user({ tokensValidAfterTime: undefined }, signedIn), { kind: 'present' });
    // Who was made or imported by the team has no session that could be revoked.
    assert.deepEqual(user(revoked, { lastSignInTime: '' }), { kind: 'present' });
  });

  it('is signed out whose sessions were revoked after the last that there was', () => {
    assert.deepEqual(user(revoked, signedIn), { kind: 'signed_out', since });
    const refreshed = { ...signedIn, lastRefreshTime: at('10:59:59') };
    assert.deepEqual(user(revoked, refreshed), { kind: 'signed_out', since });
  });

  it('is present again who has signed in anew, or whose session outlived it, to the second', () => {
    assert.deepEqual(user(revoked, { lastSignInTime: at('11:00:00') }), { kind: 'present' });
    const refreshed = { ...signedIn, lastRefreshTime: at('11:00:01') };
    assert.deepEqual(user(revoked, refreshed), { kind: 'present' });
  });

  it('is disabled who is, whatever his sessions', () => {
    assert.deepEqual(user({ disabled: true }, signedIn), { kind: 'disabled' });
    assert.deepEqual(user({ ...revoked, disabled: true }, signedIn), { kind: 'disabled' });
  });
});
