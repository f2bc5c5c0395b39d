import assert from 'node:assert/strict';
import { Timestamp } from 'firebase-admin/firestore';
import { until } from '../../../sandbox/demo/until.ts';
import { leaseMs } from '../../src/refresh/protocol.ts';
import { copyConnection } from '../harness/copies.ts';
import { refuses } from '../harness/errors.ts';
import { startWorker } from '../harness/workers.ts';
import { createKeyWorld, type KeyWorld } from './key-world.ts';

const lifetimeSeconds = 300;
/** What tells a commit that seals anew from others. */
const isResealing = (body: unknown) => {
  const text = JSON.stringify(body) ?? '';
  return text.includes('"keyVersion"') && !text.includes('"generation"');
};

describe('sealing anew', function () {
  this.timeout(120_000);
  let here: KeyWorld;
  beforeEach(async () => {
    here = await createKeyWorld();
  });
  afterEach(() => here.stop());

  const reference = (id: string) => here.db.doc(`strongroomVault/${id}`);
  const expire = () => here.world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const connect = async (uid = 'ada') => (await here.world.connect(uid)).id;
  /** Adds a version; what is to be sealed anew under it waits. */
  const addKey = async () => {
    await here.keys.note({ requestedAt: here.world.clock.now() });
    await here.newSuite().rotateKeys();
  };
  /** Holds the next commit that seals anew, after letting some pass. */
  const holdResealing = (passing = 0) => {
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<undefined>();
    let left = passing;
    here.world.meter.setIntercept(async ({ operation, body }) => {
      if (operation.name !== 'commit' || !isResealing(body)) return undefined;
      left -= 1;
      if (left >= 0) return undefined;
      reached.resolve();
      return gate.promise;
    });
    return { reached: reached.promise, release: () => gate.resolve(undefined) };
  };

  it('takes every document to the newest version, by pages of a hundred, and changes nothing else', async () => {
    const first = await connect();
    const ids = [first, ...(await copyConnection(here.world, first, 230))];
    const status = await here.world.store.readStatus('ada', first);
    const before = await here.world.vault(first);
    await addKey();
    assert.equal(await here.drain(), 4, 'Three pages, and a pass for what came meanwhile.');
    assert.deepEqual(await here.naming(), { 2: ids.length });
    const { sealed, keyVersion, ...rest } = await here.world.vault(first);
    const { sealed: old, keyVersion: _old, ...expected } = before;
    assert.deepEqual(rest, expected);
    assert.notEqual(sealed, old);
    assert.equal(keyVersion, '2');
    assert.deepEqual(await here.world.store.readStatus('ada', first), status);
    const { resealed, left, newest } = await here.progress();
    assert.deepEqual({ resealed, left, newest }, { resealed: ids.length, left: 0, newest: '2' });
    const last = ids.at(-1) ?? '';
    for (const id of [first, last])
      assert.equal(await here.world.call('ada', id, here.newSuite()), 200);
  });

  it('costs a read and a write for each document, and little for each task', async () => {
    const first = await connect();
    await copyConnection(here.world, first, 49);
    await addKey();
    const task = here.waiting.shift();
    assert.ok(task);
    const suite = here.newSuite();
    const cost = await here.world.costOf(() => suite.resealBatch(task));
    assert.ok(cost.reads <= 50 + 1 && cost.writes <= 50 + 2, JSON.stringify(cost));
  });

  it('seals with the new version where the instance still takes the old one for the newest', async () => {
    const suite = here.newSuite();
    const { id } = await here.world.connect('ada', { suite });
    await addKey();
    await here.drain(suite);
    assert.equal((await here.world.vault(id)).keyVersion, '2');
  });

  it('leaves a document whose lease is held to a later pass', async () => {
    const id = await connect();
    const other = await connect('grace');
    const found = await here.world.store.readVault(id);
    assert.ok(found);
    const now = here.world.clock.now();
    const lease = { owner: 'holder', until: now + leaseMs };
    const version = await here.world.store.update(found, { lease });
    await addKey();
    await here.drain();
    assert.equal((await here.world.vault(id)).keyVersion, '1');
    assert.equal((await here.world.vault(other)).keyVersion, '2');
    assert.deepEqual((await here.world.store.readVault(id))?.version, version);
    assert.equal((await here.progress()).left, 1);

    here.world.clock.advance(leaseMs);
    await here.newSuite().rotateKeys();
    await here.drain();
    assert.deepEqual(await here.naming(), { 2: 2 });
    assert.equal((await here.progress()).left, 0);
  });

  it('never undoes a refresh that comes in between', async () => {
    const id = await connect();
    await addKey();
    expire();
    const held = holdResealing();
    const draining = here.drain();
    await held.reached;
    const instance = here.newSuite();
    assert.equal(await here.world.call('ada', id, instance), 200);
    const refreshed = await here.world.vault(id);
    held.release();
    await draining;
    assert.deepEqual(await here.world.vault(id), refreshed);
    assert.equal(refreshed.generation, 2);
    assert.equal(refreshed.keyVersion, '2');
    expire();
    assert.equal(await here.world.call('ada', id, here.newSuite()), 200);
  });

  it('is finished by the task that comes again after its process was killed half-way', async () => {
    const first = await connect();
    await copyConnection(here.world, first, 59);
    await addKey();
    const task = here.waiting.shift();
    assert.ok(task);
    const worker = await startWorker(here.world);
    const held = holdResealing(25);
    void worker.resealBatch(task).catch(() => {});
    await held.reached;
    await until('25 to be written', async () => (await here.naming())['2'] === 25);
    await worker.kill();
    held.release();
    here.world.meter.setIntercept(undefined);
    assert.ok(((await here.naming())['1'] ?? 0) > 0, 'Nothing was left to be done.');

    here.waiting.push(task);
    await here.drain();
    assert.deepEqual(await here.naming(), { 2: 60 });
    assert.equal(await here.world.call('ada', first, here.newSuite()), 200);
  });

  it('does each document once, though tasks come twice at the same time', async () => {
    const first = await connect();
    await copyConnection(here.world, first, 39);
    await addKey();
    const task = here.waiting.shift();
    assert.ok(task);
    await Promise.all([1, 2, 3].map(() => here.newSuite().resealBatch(task)));
    assert.deepEqual(await here.naming(), { 2: 40 });
    assert.equal((await here.progress()).resealed, 40);
  });

  it('passes over what does not open, names it, and does the rest', async () => {
    const [id, other, broken] = [await connect(), await connect('grace'), await connect('alan')];
    await reference(id).update({ sealed: (await here.world.vault(other)).sealed });
    await reference(broken).update({ generation: 'broken' });
    await addKey();
    await here.drain();
    assert.equal((await here.world.vault(other)).keyVersion, '2');
    const { refused, left } = await here.progress();
    assert.deepEqual([...refused].sort(), [id, broken].sort());
    assert.equal(left, 2);
    await refuses('sealed_value_rejected', here.world.call('ada', id, here.newSuite()));
  });

  it('tries again later where the key cannot be had, and calls nothing tampered with', async () => {
    await connect();
    await addKey();
    here.world.secretManager.setUnavailable(true);
    await refuses('unavailable', here.drain());
    assert.deepEqual(await here.naming(), { 1: 1 });
    assert.deepEqual((await here.progress()).refused, []);
  });

  it('does not take a restored document for one of ours', async () => {
    const id = await connect();
    const anHourAgo = Timestamp.fromMillis(Date.now() - 3_600_000);
    await reference(id).update({ writtenAt: anHourAgo });
    await addKey();
    await here.drain();
    const found = await here.world.store.readVault(id);
    assert.equal(found?.document.keyVersion, '2');
    assert.equal(found?.isForeign, true);
  });

  it('writes no key anywhere', async () => {
    await connect();
    await addKey();
    await here.drain();
    const written = JSON.stringify(await here.world.documents());
    for (const version of ['1', '2']) {
      const key = Buffer.from((await here.reader.access('strongroom-keyring', version)).payload);
      for (const form of ['base64', 'base64url', 'hex'] as const)
        assert.ok(!written.includes(key.toString(form)));
    }
  });
});
