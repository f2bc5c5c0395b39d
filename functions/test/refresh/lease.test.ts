import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { leaseMs } from '../../src/refresh/protocol.ts';
import { pathsIn } from '../harness/audit.ts';
import { leapingClock } from '../harness/clock.ts';
import { atCommits, holdCommit } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const permissionDenied = {
  status: 403,
  body: { error: { code: 403, status: 'PERMISSION_DENIED' } },
};

describe('the lease', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connect = async () => {
    const { id } = await world.connect('ada');
    world.provider.resetCounters();
    return id;
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  /** Too old to be handed out without a refresh, yet still valid. */
  const age = () => world.clock.advance((lifetimeSeconds - 20) * 1_000);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const leaseTo = async (id: string, owner: string, ms: number) => {
    const found = await world.store.readVault(id);
    assert.ok(found);
    const now = world.clock.now();
    const journal = { attempt: owner, refreshTokenHash: 'unknown', startedAt: now };
    await world.store.update(found, { lease: { owner, until: now + ms }, journal });
  };

  it('leaves the old token in use while it still lives and another refreshes', async () => {
    const id = await connect();
    age();
    const held = holdCommit(world.meter, 'refresh');
    const refreshing = world.call('ada', id);
    await held.reached;
    const other = world.newSuite();
    const cost = await world.costOf(async () => {
      assert.equal(await world.call('ada', id, other), 200);
    });
    assert.deepEqual(cost, { reads: 1, writes: 0 });
    assert.equal((await world.vault(id)).generation, 1, 'the other one was not refreshing');
    held.release();
    assert.equal(await refreshing, 200);
    assert.equal(tokenRequests(), 1);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('lets a caller with an expired token wait for the generation of its holder', async () => {
    const id = await connect();
    expire();
    const held = holdCommit(world.meter, 'refresh');
    const refreshing = world.call('ada', id);
    await held.reached;
    world.meter.reset();
    const waiting = world.call('ada', id, world.newSuite());
    await until('the caller to look twice', async () => world.meter.counts().reads >= 2);
    held.release();
    assert.deepEqual(await Promise.all([refreshing, waiting]), [200, 200]);
    assert.equal(tokenRequests(), 1);
  });

  it('is waited for no longer than the caller has time', async () => {
    const id = await connect();
    expire();
    await leaseTo(id, 'busy', 60_000);
    const deadlineAt = world.clock.now() + 300;
    const request = { method: 'GET', path: '/me' };
    await refuses('deadline_exceeded', world.suite.call({ uid: 'ada' }, id, request, deadlineAt));
    assert.equal(tokenRequests(), 0);
  });

  it('is taken over once it is over, and not before', async () => {
    const id = await connect();
    expire();
    await leaseTo(id, 'dead', leaseMs);
    world.meter.reset();
    const waiting = world.call('ada', id);
    await until('the caller to look twice', async () => world.meter.counts().reads >= 2);
    assert.equal(tokenRequests(), 0);
    world.clock.advance(leaseMs);
    assert.equal(await waiting, 200);
    assert.equal(tokenRequests(), 1);
    const { generation, lease, journal } = await world.vault(id);
    assert.deepEqual({ generation, lease, journal }, { generation: 2, lease: null, journal: null });
  });

  it('once lost, never lets a late commit replace a newer generation', async () => {
    // Both may spend the same refresh token here; the point is what is kept.
    world.provider.updateSettings({ rotation: 'grace' });
    const id = await connect();
    expire();
    const held = holdCommit(world.meter, 'refresh');
    const late = world.call('ada', id);
    await held.reached;
    world.clock.advance(leaseMs);
    const next = world.newSuite({ clock: leapingClock(world.clock) });
    assert.equal(await world.call('ada', id, next), 200);
    const kept = await world.vault(id);
    assert.equal(kept.generation, 2);
    held.release();
    assert.equal(await late, 200);
    assert.deepEqual(await world.vault(id), kept);
  });

  it('is not needed to know an own commit again whose answer was lost', async () => {
    const id = await connect();
    expire();
    atCommits(world.meter, 'refresh', [{ drop: 'after' }]);
    assert.equal(await world.call('ada', id), 200);
    assert.equal(tokenRequests(), 1);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('does not end before what the provider gave is written, while Firestore refuses', async () => {
    const id = await connect();
    expire();
    atCommits(world.meter, 'refresh', [permissionDenied, permissionDenied, permissionDenied]);
    assert.equal(await world.call('ada', id), 200);
    assert.equal(tokenRequests(), 1);
    assert.equal((await world.vault(id)).generation, 2);
  });
});

describe('disconnecting during a refresh leaves no live grant and no document', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connectExpired = async (uid: string) => {
    const { id } = await world.connect(uid);
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    return id;
  };
  const assertNothingLeft = async (uid: string) => {
    const grants = world.provider.grants().filter(({ accountId }) => accountId === uid);
    assert.deepEqual([...new Set(grants.map(({ status }) => status))], ['revoked']);
    const paths = await pathsIn(world);
    assert.deepEqual(
      paths.filter((path) => !path.startsWith('strongroomAudit/')),
      [],
    );
  };
  const disconnect = (uid: string, id: string) => world.newSuite().disconnect({ uid }, id);

  it('where the refresh has its answer and is about to commit', async () => {
    const id = await connectExpired('commit');
    const held = holdCommit(world.meter, 'refresh');
    const refused = refuses('connection_not_found', world.call('commit', id));
    await held.reached;
    assert.deepEqual(await disconnect('commit', id), { revoked: true });
    held.release();
    await refused;
    await assertNothingLeft('commit');
  });

  it('where the refresh commits between the revocation and the deletion', async () => {
    const id = await connectExpired('removal');
    const held = holdCommit(world.meter, 'removal');
    const disconnecting = disconnect('removal', id);
    await held.reached;
    // Its grant is gone by now, so the refresh finds out and writes that down.
    await refuses('needs_reauth', world.call('removal', id));
    held.release();
    await disconnecting;
    await assertNothingLeft('removal');
  });

  it('where the refresh has asked the provider and waits for its answer', async () => {
    const id = await connectExpired('answer');
    world.provider.resetCounters();
    world.provider.addFault({ endpoint: 'token', delayMs: 500, processed: true });
    const outcome = refuses('connection_not_found', world.call('answer', id));
    await until('the request', async () => world.provider.counters().tokenRequests.total === 1);
    await disconnect('answer', id);
    await outcome;
    await assertNothingLeft('answer');
  });

  it('where the provider forgets to end the grant with its old refresh token', async () => {
    const id = await connectExpired('forgetful');
    const held = holdCommit(world.meter, 'refresh');
    const refused = refuses('connection_not_found', world.call('forgetful', id));
    await held.reached;
    // Both tokens of the old set are said to be revoked, and nothing happens.
    world.provider.addFault({ endpoint: 'revocation', status: 200, times: 2 });
    await disconnect('forgetful', id);
    held.release();
    await refused;
    await assertNothingLeft('forgetful');
  });
});
