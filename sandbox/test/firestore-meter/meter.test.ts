import assert from 'node:assert/strict';
import { Firestore, PassThroughClient } from '../../../functions/test/clients.ts';
import { type Meter, startMeter } from '../../firestore-meter/meter.ts';
import { stack } from '../stack.ts';

const grpcCode = { alreadyExists: 6, failedPrecondition: 9, unavailable: 14 };

describe('the Firestore meter, through the real Admin SDK in REST mode', () => {
  let meter: Meter;
  let firestore: Firestore;

  beforeEach(async () => {
    meter = await startMeter({ port: 0, target: `127.0.0.1:${stack.ports.firestore}` });
    firestore = connect(`127.0.0.1:${meter.port}`);
  });

  afterEach(async () => {
    meter.setIntercept(undefined);
    await firestore.recursiveDelete(firestore.collection('metered'));
    await firestore.terminate();
    await meter.stop();
  });

  /** What a piece of work costs. */
  const costOf = async (work: () => Promise<unknown>) => {
    meter.reset();
    await work();
    const { reads, writes } = meter.counts();
    return { reads, writes };
  };
  const doc = (id: string) => firestore.doc(`metered/${id}`);

  it('counts each document asked for, found or missing, as one read', async () => {
    await doc('a').set({ n: 1 });
    assert.deepEqual(await costOf(() => doc('a').get()), { reads: 1, writes: 0 });
    assert.deepEqual(await costOf(() => doc('none').get()), { reads: 1, writes: 0 });
    const all = () => firestore.getAll(doc('a'), doc('b'), doc('c'));
    assert.deepEqual(await costOf(all), { reads: 3, writes: 0 });
  });

  it('counts each document that a query gives, and one for a query that gives none', async () => {
    const metered = firestore.collection('metered');
    for (const n of [1, 2, 3]) await doc(`${n}`).set({ n });
    assert.deepEqual(await costOf(() => metered.get()), { reads: 3, writes: 0 });
    const two = () => metered.orderBy('n').limit(2).get();
    assert.deepEqual(await costOf(two), { reads: 2, writes: 0 });
    const none = () => metered.where('n', '>', 9).get();
    assert.deepEqual(await costOf(none), { reads: 1, writes: 0 });
    assert.deepEqual(await costOf(() => metered.count().get()), { reads: 1, writes: 0 });
    assert.deepEqual(await costOf(() => metered.listDocuments()), { reads: 3, writes: 0 });
  });

  it('counts each write and delete that is carried out, in batches and transactions too', async () => {
    assert.deepEqual(await costOf(() => doc('a').set({ n: 1 })), { reads: 0, writes: 1 });
    const batched = () =>
      firestore.batch().set(doc('b'), { n: 1 }).set(doc('c'), { n: 1 }).delete(doc('a')).commit();
    assert.deepEqual(await costOf(batched), { reads: 0, writes: 3 });
    const transaction = () =>
      firestore.runTransaction(async (t) => {
        const snapshot = await t.get(doc('b'));
        t.update(snapshot.ref, { n: 2 });
      });
    assert.deepEqual(await costOf(transaction), { reads: 1, writes: 1 });
    const bulk = async () => {
      const writer = firestore.bulkWriter();
      void writer.set(doc('d'), { n: 1 });
      void writer.delete(doc('c'));
      await writer.close();
    };
    assert.deepEqual(await costOf(bulk), { reads: 0, writes: 2 });
  });

  it('counts nothing for a write that a precondition stops, and hands on the error', async () => {
    const first = await doc('a').set({ n: 1 });
    await doc('a').update({ n: 2 });
    const attempts = async () => {
      await assert.rejects(doc('a').create({ n: 3 }), { code: grpcCode.alreadyExists });
      const stale = doc('a').update({ n: 3 }, { lastUpdateTime: first.writeTime });
      await assert.rejects(stale, { code: grpcCode.failedPrecondition });
    };
    assert.deepEqual(await costOf(attempts), { reads: 0, writes: 0 });
  });

  it('tells the collections apart, without document ids', async () => {
    meter.reset();
    await firestore.doc('metered/ada/notes/1').set({ text: 'x' });
    await firestore.doc('metered/bob/notes/2').set({ text: 'y' });
    await firestore.collection('metered/ada/notes').get();
    await firestore.collection('metered/ada/notes').where('text', '==', '?').get();
    await firestore.collectionGroup('notes').where('text', '==', '?').get();
    assert.deepEqual(meter.counts().byCollection, {
      'metered/*/notes': { reads: 2, writes: 2 },
      '**/notes': { reads: 1, writes: 0 },
    });
  });

  it('serves the counts over HTTP', async () => {
    await doc('a').get();
    const answer = await fetch(`${meter.url}/__meter/counts`);
    assert.deepEqual(await answer.json(), {
      reads: 1,
      writes: 0,
      byCollection: { metered: { reads: 1, writes: 0 } },
    });
    await fetch(`${meter.url}/__meter/reset`, { method: 'POST' });
    assert.equal(meter.counts().reads, 0);
  });

  it('passes large documents through unchanged', async () => {
    const text = 'ü'.repeat(400_000);
    await doc('large').set({ text });
    assert.equal((await doc('large').get()).get('text'), text);
  });

  it('lets an interceptor answer in the place of the database', async () => {
    await doc('a').set({ n: 1 });
    meter.setIntercept(({ operation }) =>
      operation.name === 'commit'
        ? { status: 412, body: { error: { code: 412, status: 'FAILED_PRECONDITION' } } }
        : undefined,
    );
    await assert.rejects(doc('a').set({ n: 2 }), { code: grpcCode.failedPrecondition });
    assert.equal((await doc('a').get()).get('n'), 1);
  });

  it('lets an interceptor lose the answer to a write that took effect', async () => {
    let losses = 0;
    meter.setIntercept(({ operation }) =>
      operation.name === 'commit' && losses++ === 0 ? { drop: 'after' } : undefined,
    );
    await doc('a')
      .set({ n: 1 })
      .catch(() => {});
    assert.equal(losses > 0, true);
    assert.equal((await doc('a').get()).get('n'), 1);
  });

  it('says so where the emulator is down', async () => {
    const orphan = await startMeter({ port: 0, target: '127.0.0.1:1' });
    const path = '/v1/projects/demo-x/databases/(default)/documents/metered/a';
    const answer = await fetch(`${orphan.url}${path}`);
    assert.equal(answer.status, 503);
    await orphan.stop();
  });
});

function connect(host: string): Firestore {
  const before = process.env['FIRESTORE_EMULATOR_HOST'];
  process.env['FIRESTORE_EMULATOR_HOST'] = host;
  try {
    return new Firestore({
      projectId: 'demo-meter',
      preferRest: true,
      authClient: new PassThroughClient(),
    });
  } finally {
    process.env['FIRESTORE_EMULATOR_HOST'] = before;
  }
}
