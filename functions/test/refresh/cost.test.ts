import assert from 'node:assert/strict';
import { shards } from '../../src/store/documents.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;

describe('what things cost in Firestore', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const atMost = (cost: { reads: number; writes: number }, reads: number, writes: number) =>
    assert.ok(cost.reads <= reads && cost.writes <= writes, JSON.stringify(cost));

  it('connecting: 2 reads and 4 writes at most, from begin to complete', async () => {
    const provider = 'sandbox-oauth2';
    atMost(await world.costOf(() => world.connect('ada', { provider })), 2, 4);
  });

  it('connecting an account that the provider names: 1 write more, by which it is known again', async () => {
    atMost(await world.costOf(() => world.connect('ada')), 2, 5);
  });

  it('the first call in an instance: 1 read', async () => {
    const { id } = await world.connect('ada');
    const instance = world.newSuite();
    assert.deepEqual(await world.costOf(() => world.call('ada', id, instance)), {
      reads: 1,
      writes: 0,
    });
  });

  it('a call with the token at hand: nothing, and nothing of Secret Manager', async () => {
    const { id } = await world.connect('ada');
    await world.call('ada', id);
    world.secretManager.resetAccessCounts();
    assert.deepEqual(await world.costOf(() => world.call('ada', id)), { reads: 0, writes: 0 });
    assert.deepEqual(world.secretManager.accessCounts(), {});
  });

  it('a token at hand is believed for a minute, then looked up again', async () => {
    const { id } = await world.connect('ada');
    await world.call('ada', id);
    world.clock.advance(59_000);
    assert.deepEqual(await world.costOf(() => world.call('ada', id)), { reads: 0, writes: 0 });
    world.clock.advance(1_000);
    assert.deepEqual(await world.costOf(() => world.call('ada', id)), { reads: 1, writes: 0 });
  });

  it('each key version is read once per instance, whatever the number of callers', async () => {
    const { id } = await world.connect('ada');
    const instance = world.newSuite();
    world.secretManager.resetAccessCounts();
    await Promise.all(Array.from({ length: 50 }, () => world.call('ada', id, instance)));
    assert.equal(world.secretManager.accessCounts()['strongroom-keyring/1'], 1);
  });

  it('a refresh: 1 read and 2 writes at most, by 50 callers as by one', async () => {
    const { id } = await world.connect('ada');
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    const callers = () => Promise.all(Array.from({ length: 50 }, () => world.call('ada', id)));
    atMost(await world.costOf(callers), 1, 2);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('a rotation with nothing due: 1 read per shard at most, whatever is stored', async () => {
    for (const uid of ['ada', 'grace']) await world.connect(uid);
    const rotate = () => world.newSuite({ enqueue: refuse }).rotate();
    atMost(await world.costOf(rotate), shards, 0);
  });
});

async function refuse(): Promise<void> {
  throw new Error('Something was due.');
}
