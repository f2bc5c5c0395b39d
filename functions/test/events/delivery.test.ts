import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { openDatabase } from '../harness/database.ts';
import { logged } from '../harness/logs.ts';
import { createEventWorld, type EventWorld, noDeadline, secret } from './event-world.ts';
import { verify } from './receiver.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('delivering events', function () {
  this.timeout(60_000);
  let events: EventWorld;
  before(async () => {
    events = await createEventWorld();
  });
  after(() => events.stop());
  beforeEach(() => events.reset());

  const told = () => events.receiver.deliveries.map(({ type, data }) => [type, data['sequence']]);
  const sequences = (id: string) =>
    events.receiver
      .firsts()
      .filter(({ data }) => data['connectionId'] === id)
      .map(({ data }) => data['sequence']);

  it('tells of connecting, reconnecting, and disconnecting, once each and in that order', async () => {
    const { world, receiver } = events;
    const suite = events.newSuite();
    const { id } = await world.connect('ada', { suite });
    await world.connect('ada', { suite, connectionId: id });
    await suite.disconnect({ uid: 'ada' }, id);
    await events.runTasks(suite);

    const about = { connectionId: id, uid: 'ada', provider: 'sandbox' };
    assert.deepEqual(
      receiver.deliveries
        .map((delivery) => JSON.parse(delivery.text))
        .map(({ type, data }) => [type, data]),
      [
        ['connected', { ...about, sequence: 1, renewed: false }],
        ['connected', { ...about, sequence: 2, renewed: true }],
        ['disconnected', { ...about, sequence: 3, cause: 'user' }],
      ],
    );
    for (const delivery of receiver.deliveries) {
      assert.deepEqual(verify(secret, delivery, world.clock.now()), JSON.parse(delivery.text));
    }
    assert.deepEqual(
      receiver.deliveries.map((delivery) => delivery.id),
      [1, 2, 3].map((sequence) => `${id}_${sequence}`),
    );
    const { timestamp } = JSON.parse(receiver.deliveries[0]?.text ?? '');
    assert.ok(Math.abs(Date.parse(timestamp) - world.clock.now()) < minuteMs);
  });

  it('tells that the account of the user was deleted', async () => {
    const suite = events.newSuite();
    await events.world.connect('ada', { suite });
    await suite.forget('ada');
    await events.runTasks(suite);
    assert.deepEqual(told(), [
      ['connected', 1],
      ['disconnected', 2],
    ]);
    assert.equal(events.receiver.deliveries[1]?.data['cause'], 'account_deleted');
  });

  it('tells of types that the settings name and of no others', async () => {
    const suite = events.newSuite({ types: ['disconnected'] });
    const { id } = await events.world.connect('ada', { suite });
    await suite.disconnect({ uid: 'ada' }, id);
    await events.runTasks(suite);
    assert.deepEqual(told(), [['disconnected', 1]]);
  });

  it('is done by the next tick where the process died between commit and hand-over', async () => {
    const suite = events.newSuite();
    await events.emit('c1', 2);
    assert.deepEqual(events.tasks, []);
    await events.tick(suite);
    assert.deepEqual(sequences('c1'), [1, 2]);
  });

  it('is done by the next tick where the task queue takes nothing', async () => {
    events.newSuite();
    const suite = events.world.newSuite({ enqueue: () => Promise.reject(new Error('quota')) });
    const { id } = await events.world.connect('ada', { suite });
    await events.tick(events.newSuite());
    assert.deepEqual(sequences(id), [1]);
  });

  it('goes on with the others where somebody has spoilt an event', async () => {
    const suite = events.newSuite();
    const [spoilt = ''] = await events.emit('c1', 1);
    await events.emit('c2', 1);
    const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, events.world.projectId);
    await db.doc(`strongroomEvents/${spoilt}`).update({ lane: 7 });
    await db.terminate();
    await events.tick(suite);
    assert.deepEqual(sequences('c2'), [1]);
  });

  it('takes an hour without the receiver: afterwards all arrive, in order', async () => {
    const { receiver } = events;
    const suite = events.newSuite();
    receiver.answerWith(503);
    for (let minute = 0; minute < 60; minute += 1) {
      if (minute % 20 === 0) for (const id of ['c1', 'c2']) await events.emit(id, 1, minute / 20);
      await events.tick(suite);
    }
    const attempts = receiver.deliveries.length;
    assert.ok(attempts >= 2 * 5 && attempts <= 2 * 10, `${attempts} attempts in an hour`);
    assert.ok(receiver.deliveries.every(({ data }) => data['sequence'] === 1));

    receiver.answerWith(204);
    await events.tick(suite, hourMs);
    assert.deepEqual(
      [sequences('c1'), sequences('c2')],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    );
  });

  it('signs each attempt anew and keeps the id', async () => {
    const { receiver, world } = events;
    const suite = events.newSuite();
    receiver.answerWith(500);
    await events.emit('c1', 1);
    await events.tick(suite);
    receiver.answerWith(204);
    await events.tick(suite, 10 * minuteMs);
    const [first, second] = receiver.deliveries;
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.id, second.id);
    assert.notEqual(first.headers['webhook-timestamp'], second.headers['webhook-timestamp']);
    verify(secret, second, world.clock.now());
    assert.throws(() => verify(secret, first, world.clock.now()), /too old/);
  });

  it('waits as long as the receiver asks for', async () => {
    const { receiver } = events;
    const suite = events.newSuite();
    receiver.answerWith({ status: 429, headers: { 'retry-after': '7200' } });
    await events.emit('c1', 1);
    await events.tick(suite);
    receiver.answerWith(204);
    await events.tick(suite, 2 * hourMs - 2 * minuteMs);
    assert.equal(receiver.deliveries.length, 1);
    await events.tick(suite, 3 * minuteMs);
    assert.deepEqual(sequences('c1'), [1]);
  });

  it('keeps what waits behind a failed event out of the schedule’s sight', async () => {
    const suite = events.newSuite();
    events.receiver.answerWith({ status: 503, headers: { 'retry-after': '3600' } });
    await events.emit('c1', 5);
    await events.tick(suite);
    await events.emit('c1', 1, 5);
    await events.tick(suite);
    const cost = await events.world.costOf(() => events.tick(suite));
    assert.deepEqual(cost, { reads: 1, writes: 0 });
  });

  it('is given up after a day, in order, and not before', async () => {
    const { receiver, world } = events;
    const suite = events.newSuite();
    receiver.answerWith(500);
    const [one, two] = await events.emit('c1', 2);
    assert.ok(one !== undefined && two !== undefined);
    for (let hour = 0; hour < 23; hour += 1) await events.tick(suite, hourMs);
    assert.deepEqual(await events.states(suite), { [one]: 'pending', [two]: 'pending' });
    assert.ok(!logged().some((line) => line.includes('given up')));
    await events.tick(suite, 2 * hourMs);
    assert.deepEqual(await events.states(suite), { [one]: 'dead', [two]: 'dead' });
    assert.equal(logged().filter((line) => /"severity":"ERROR".*given up/.test(line)).length, 2);

    receiver.answerWith(204);
    await events.emit('c1', 1, 2);
    await events.tick(suite);
    assert.deepEqual(sequences('c1'), [3]);
    const [dead] = await suite.events.list({ state: 'dead' });
    assert.equal(dead?.document.lastFailure, 'status_500');
    assert.ok((dead?.document.deleteAt ?? 0) > world.clock.now() + 29 * 24 * hourMs);
  });

  it('is given up at once where the receiver says that it is gone', async () => {
    const suite = events.newSuite();
    events.receiver.answerWith(({ data }) => (data['sequence'] === 1 ? 410 : 204));
    const [one, two] = await events.emit('c1', 2);
    await events.tick(suite);
    assert.deepEqual(await events.states(suite), { [`${one}`]: 'dead', [`${two}`]: 'delivered' });
  });

  it('goes on after a process that died with a delivery under way, once its claim is over', async () => {
    const { receiver } = events;
    const suite = events.newSuite();
    await events.emit('c1', 2);
    const [head] = [await suite.events.readHead('c1_webhook')];
    assert.ok(head !== undefined);
    const nextAttemptAt = events.world.clock.now() + 30_000;
    await suite.events.update(head, { attempts: 1, nextAttemptAt });
    await suite.deliverEvents(['c1_webhook'], noDeadline);
    assert.deepEqual(receiver.deliveries, []);
    await events.tick(suite);
    assert.deepEqual(sequences('c1'), [1, 2]);
  });

  it('twice at once sends nothing twice and nothing out of order', async () => {
    const { receiver } = events;
    const suites = [events.newSuite(), events.newSuite(), events.newSuite()];
    await events.emit('c1', 8);
    await Promise.all(suites.map((suite) => suite.deliverEvents(['c1_webhook'], noDeadline)));
    assert.deepEqual(
      receiver.deliveries.map(({ data }) => data['sequence']),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
  });

  it('ends in time: what is left is the schedule’s', async () => {
    const { receiver, world } = events;
    const suite = events.newSuite();
    await events.emit('c1', 3);
    receiver.answerWith(() => {
      world.clock.advance(10_000);
      return 204;
    });
    await suite.deliverEvents(['c1_webhook'], world.clock.ticks() + 5_000);
    assert.deepEqual(sequences('c1'), [1]);
    await events.tick(suite);
    assert.deepEqual(sequences('c1'), [1, 2, 3]);
  });

  it('one lane’s trouble is no other’s', async () => {
    const suite = events.newSuite();
    events.receiver.answerWith(({ data }) => (data['connectionId'] === 'c1' ? 'drop' : 204));
    for (const id of ['c1', 'c2', 'c3']) await events.emit(id, 2);
    await events.tick(suite);
    assert.deepEqual([sequences('c1'), sequences('c2'), sequences('c3')], [[], [1, 2], [1, 2]]);
  });

  it('to a sink that the settings no longer name is tried again, and works once it is back', async () => {
    events.newSuite();
    await events.emit('c1', 1);
    const without = events.newSuite({
      webhook: undefined,
      eventarc: { channel: 'locations/us-central1/channels/none' },
    });
    await events.tick(without);
    assert.deepEqual(events.receiver.deliveries, []);
    await events.tick(events.newSuite(), 5 * minuteMs);
    assert.deepEqual(sequences('c1'), [1]);
  });

  it('shows neither token, code nor secret: not in a body, a document or the log', async () => {
    const { world, receiver } = events;
    const suite = events.newSuite();
    const answer = await world.answer('ada', { suite });
    const { id } = await suite.complete({ uid: 'ada' }, answer);
    const { sealed } = await world.vault(id);
    receiver.answerWith(500);
    await events.runTasks(suite);
    await suite.disconnect({ uid: 'ada' }, id);
    receiver.answerWith(204);
    await events.tick(suite, hourMs);
    assert.equal(receiver.firsts().length, 2);
    const stored = Object.entries(await world.documents()).filter(([path]) =>
      path.startsWith('strongroomEvents/'),
    );
    const seen = JSON.stringify([receiver.deliveries, stored, logged()]);
    const secrets = [
      answer.state,
      answer.code ?? '',
      sealed,
      secret,
      secret.slice('whsec_'.length),
    ];
    for (const one of secrets) assert.ok(one.length > 10 && !seen.includes(one));
    assert.ok(!JSON.stringify([stored, logged()]).includes(receiver.url));
    assert.ok(!seen.includes('@') && !seen.includes('"account"'));
  });
});
