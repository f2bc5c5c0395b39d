import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { createImportStore } from '../../src/store/import-store.ts';
import type { Firestore } from '../clients.ts';
import { openDatabase } from '../harness/database.ts';
import { createWorld, type World } from '../harness/world.ts';

const many = 600;

describe('the export of what is held of a person', function () {
  this.timeout(120_000);
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

  const record = (uid: string, connectionId: string) =>
    world.suite.audit.write({
      type: 'token_released',
      actor: 'user',
      uid,
      connectionId,
      provider: 'sandbox',
    });

  it('has connections, authorizations and records of the caller, and nothing of another', async () => {
    const ids = new Map<string, string>();
    for (const uid of ['ada', 'grace']) {
      const { id } = await world.connect(uid);
      ids.set(uid, id);
      await record(uid, id);
      await world.suite.begin({ uid }, { provider: 'sandbox' });
    }
    const held = await world.suite.exportAll({ uid: 'ada' });
    const id = ids.get('ada') ?? '';
    assert.equal(held.version, 1);
    assert.equal(held.uid, 'ada');
    assert.equal(held.isComplete, true);
    const [connection, ...others] = held.connections;
    assert.deepEqual(others, []);
    assert.equal(connection?.id, id);
    assert.equal(connection?.provider, 'sandbox');
    assert.equal(connection?.account?.subject, 'ada');
    const { grantedAt, usedAt, accessTokenExpiresAt, refreshes } = connection ?? {};
    for (const time of [held.exportedAt, grantedAt, usedAt, accessTokenExpiresAt]) {
      assert.match(String(time), /^\d{4}-.*Z$/);
    }
    assert.equal(refreshes, 0);
    assert.deepEqual(
      held.authorizations
        .map(({ provider, usedAt: used }) => [provider, used !== undefined])
        .sort(),
      [
        ['sandbox', false],
        ['sandbox', true],
      ],
    );
    assert.deepEqual(
      held.audit.records.map(({ type, connectionId }) => [type, connectionId]),
      [['token_released', id]],
    );
    const json = JSON.stringify(held);
    assert.ok(!json.includes('grace') && !json.includes(ids.get('grace') ?? '?'));
  });

  it('holds no token and nothing sealed', async () => {
    const { id } = await world.connect('ada');
    const { state } = await world.suite.begin({ uid: 'ada' }, { provider: 'sandbox' });
    const { sealed } = await world.vault(id);
    const json = JSON.stringify(await world.suite.exportAll({ uid: 'ada' }));
    assert.ok(!json.includes(sealed) && !json.includes(state));
    // A JWE or a JWT of any kind begins so.
    assert.doesNotMatch(json, /eyJ|sealed|keyVersion|token"|Token"|hash/);
  });

  it('has a connection also where one of its documents is gone', async () => {
    const [one, two] = [await world.connect('ada'), await world.connect('ada', { account: 'b' })];
    await db.doc(`strongroom/ada/connections/${one.id}`).delete();
    await db.doc(`strongroomVault/${two.id}`).delete();
    const { connections } = await world.suite.exportAll({ uid: 'ada' });
    assert.deepEqual(
      connections.map(({ id, provider, status }) => [id, provider, status]).sort(),
      [one.id, two.id].sort().map((id) => [id, 'sandbox', 'active']),
    );
  });

  it(`has all of ${many} connections, for one read of each document`, async () => {
    const { id } = await world.connect('ada');
    const [secret, status] = [await world.vault(id), await world.store.readStatus('ada', id)];
    assert.ok(status);
    const copies = Array.from({ length: many - 1 }, (_, n) => ({
      id: `copy-${n}`.padEnd(22, '-'),
      secret,
      status,
      records: [],
    }));
    const store = createImportStore(db);
    for (let n = 0; n < copies.length; n += 200) await store.createAll(copies.slice(n, n + 200));
    const cost = await world.costOf(async () => {
      const { connections, isComplete } = await world.suite.exportAll({ uid: 'ada' });
      assert.deepEqual([new Set(connections.map((one) => one.id)).size, isComplete], [many, true]);
    });
    assert.ok(cost.reads <= 2 * many + 5 && cost.writes === 0, JSON.stringify(cost));
  });

  it('is of a stranger empty, not refused', async () => {
    await world.connect('ada');
    const { connections, authorizations, audit } = await world.suite.exportAll({ uid: 'nobody' });
    assert.deepEqual([connections, authorizations, audit], [[], [], { records: [] }]);
  });
});
