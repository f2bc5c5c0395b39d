import assert from 'node:assert/strict';
import { createWorld, type World } from '../harness/world.ts';

describe('disconnecting', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  it('is possible also where the provider has left the settings', async () => {
    const { id } = await world.connect('ada');
    world.publish(({ app }) => ({ app, providers: {} }));
    const suite = world.newSuite();
    assert.deepEqual(await suite.disconnect({ uid: 'ada' }, id), { revoked: false });
    assert.deepEqual(await world.documents(), {});
  });
});
