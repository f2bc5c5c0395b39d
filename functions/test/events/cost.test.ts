import assert from 'node:assert/strict';
import { createEventWorld, type EventWorld, noDeadline } from './event-world.ts';

const tokenLifetimeMs = 300_000;

describe('what events cost in Firestore', function () {
  this.timeout(60_000);
  let events: EventWorld;
  before(async () => {
    events = await createEventWorld();
  });
  after(() => events.stop());
  beforeEach(() => events.reset());

  it('nothing at all where the settings name no sink', async () => {
    const { world, tasks } = events;
    const suite = world.newSuite({ enqueue: () => assert.fail('Something was enqueued.') });
    let id = '';
    const connect = async () => {
      ({ id } = await world.connect('ada', { suite }));
    };
    const { reads, writes } = await world.costOf(connect);
    assert.ok(reads <= 2 && writes <= 5, `${reads} reads, ${writes} writes`);
    world.clock.advance(tokenLifetimeMs + 1_000);
    const refresh = await world.costOf(() => world.call('ada', id, suite));
    assert.ok(refresh.reads <= 1 && refresh.writes <= 2, JSON.stringify(refresh));
    assert.deepEqual(await world.costOf(() => suite.handOverEvents()), { reads: 0, writes: 0 });
    const leave = await world.costOf(() => suite.disconnect({ uid: 'ada' }, id));
    assert.deepEqual(leave, { reads: 1, writes: 4 });
    assert.deepEqual(tasks, []);
    assert.deepEqual(
      Object.keys(await world.documents()).filter((path) => path.startsWith('strongroomEvents')),
      [],
    );
  });

  it('a refresh costs what it always does while `refreshed` is off', async () => {
    const { world } = events;
    const suite = events.newSuite();
    const { id } = await world.connect('ada', { suite });
    world.clock.advance(tokenLifetimeMs + 1_000);
    const refresh = await world.costOf(() => world.call('ada', id, suite));
    assert.ok(refresh.reads <= 1 && refresh.writes <= 2, JSON.stringify(refresh));
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('one write with the change, and 1 read and 2 writes to deliver it, 1 read per lane', async () => {
    const { world } = events;
    const suite = events.newSuite();
    const { id } = await world.connect('ada', { suite });
    const deliver = () => suite.deliverEvents([`${id}_webhook`], noDeadline);
    assert.deepEqual(await world.costOf(deliver), { reads: 2, writes: 2 });
    const leave = await world.costOf(() => suite.disconnect({ uid: 'ada' }, id));
    assert.deepEqual(leave, { reads: 1, writes: 5 });
    await events.emit('c1', 5);
    const five = () => suite.deliverEvents(['c1_webhook'], noDeadline);
    assert.deepEqual(await world.costOf(five), { reads: 6, writes: 10 });
  });

  it('the tick reads once where nothing is due, however many were delivered', async () => {
    const { world } = events;
    const suite = events.newSuite();
    for (let i = 0; i < 20; i += 1) await events.emit(`c${i}`, 2);
    await events.tick(suite);
    world.clock.advance(3_600_000);
    assert.deepEqual(await world.costOf(() => suite.handOverEvents()), { reads: 1, writes: 0 });
  });
});
