import assert from 'node:assert/strict';
import { Timestamp } from 'firebase-admin/firestore';
import { stack } from '../../../sandbox/test/stack.ts';
import type { Firestore } from '../clients.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const hourMs = 3_600_000;

describe('a connection that somebody has restored from a backup', function () {
  this.timeout(60_000);
  let world: World;
  let db: Firestore;
  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  });
  after(async () => {
    await db.terminate();
    await world.stop();
  });
  beforeEach(() => world.reset());

  const reference = (id: string) => db.doc(`strongroomVault/${id}`);
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  /** The document as a backup of an hour ago has it. */
  const backUp = async (id: string): Promise<Record<string, unknown>> => {
    const data = (await reference(id).get()).data() ?? {};
    const writtenAt: unknown = data['writtenAt'];
    assert.ok(writtenAt instanceof Timestamp, 'There is no mark of the suite.');
    return { ...data, writtenAt: Timestamp.fromMillis(writtenAt.toMillis() - hourMs) };
  };
  /** Connected and refreshed; then the document of before the refresh is restored. */
  const restored = async () => {
    const { id } = await world.connect('ada');
    const backup = await backUp(id);
    expire();
    assert.equal(await world.call('ada', id), 200);
    assert.equal((await world.vault(id)).generation, 2);
    await reference(id).set(backup);
    expire();
    world.provider.resetCounters();
    return id;
  };
  const endsAs = async (id: string, reason: string) => {
    await refuses('needs_reauth', world.call('ada', id, world.newSuite()), { reason });
    const { status, reason: kept } = await world.vault(id);
    assert.deepEqual({ status, reason: kept }, { status: 'needs_reauth', reason });
  };

  it('is not said to be revoked when its refresh token was spent since', async () => {
    const id = await restored();
    await endsAs(id, 'interrupted');
    assert.equal(tokenRequests(), 1);
  });

  it('works as before where the provider still takes its refresh token, and is ours again', async () => {
    const { id } = await world.connect('ada');
    await reference(id).set(await backUp(id));
    expire();
    assert.equal(await world.call('ada', id), 200);
    world.provider.revokeGrants();
    expire();
    await endsAs(id, 'revoked');
  });

  it('is known as one until it has a token set of its own, whatever is written meanwhile', async () => {
    const id = await restored();
    world.provider.addFault({ endpoint: 'token', status: 503 });
    const found = await world.store.readVault(id);
    assert.ok(found);
    await world.store.update(found, { usedAt: world.clock.now() });
    assert.equal((await world.store.readVault(id))?.isForeign, true);
    await endsAs(id, 'interrupted');
  });

  it('is ours again once its user has connected it anew', async () => {
    const id = await restored();
    await endsAs(id, 'interrupted');
    await world.connect('ada', { connectionId: id });
    world.provider.revokeGrants();
    expire();
    await endsAs(id, 'revoked');
  });

  it('is refused, and no provider asked, where its sealed value is of another generation', async () => {
    const { id } = await world.connect('ada');
    const { sealed } = await world.vault(id);
    expire();
    await world.call('ada', id);
    await reference(id).update({ sealed });
    expire();
    world.provider.resetCounters();
    await refuses('sealed_value_rejected', world.call('ada', id, world.newSuite()));
    assert.equal(tokenRequests(), 0);
  });
  it('is told by a mark that every write of the suite sets, by the clock of Firestore, at no extra cost', async () => {
    const { id } = await world.connect('ada');
    const isMarked = async () => {
      const snapshot = await db.doc(`strongroomVault/${id}`).get();
      const writtenAt: unknown = snapshot.get('writtenAt');
      assert.ok(writtenAt instanceof Timestamp && snapshot.updateTime !== undefined);
      const apartMs = snapshot.updateTime.toMillis() - writtenAt.toMillis();
      assert.ok(apartMs >= 0 && apartMs < 5_000, `${apartMs} ms`);
    };
    await isMarked();
    expire();
    assert.deepEqual(await world.costOf(() => world.call('ada', id)), { reads: 1, writes: 2 });
    await isMarked();
    assert.equal((await world.store.readVault(id))?.isForeign, undefined);
  });
});
