import assert from 'node:assert/strict';
import { atCommits } from '../harness/commits.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('reconnecting an account that is connected still', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());

  it('puts the new token set to use at once in the instance that completed it', async () => {
    const scopes = ['openid', 'offline_access'];
    const { id } = await world.connect('ada', { scopes });
    assert.equal(await world.call('ada', id), 200);
    await world.connect('ada', { connectionId: id, scopes: ['email'] });
    const deadlineAt = world.clock.now() + 10_000;
    const { body } = await world.suite.call(
      { uid: 'ada' },
      id,
      { method: 'GET', path: '/me' },
      deadlineAt,
    );
    const { scope } = JSON.parse(new TextDecoder().decode(body));
    assert.deepEqual(scope.split(' ').sort(), ['email', 'offline_access', 'openid']);
  });

  it('keeps the new grant where the answer to its write is lost', async () => {
    const { id } = await world.connect('grace');
    atCommits(world.meter, 'connection', [{ drop: 'after' }]);
    const healed = await world.connect('grace', { connectionId: id });
    world.meter.setIntercept(undefined);
    assert.equal(healed.id, id);
    assert.equal((await world.vault(id)).generation, 2);
    assert.equal(await world.call('grace', id, world.newSuite()), 200);
  });
});
