import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { createSweep } from '../../src/connections/sweep.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('forgetting a user', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const grantsOf = (uid: string) =>
    world.provider
      .grants()
      .filter(({ accountId, status }) => accountId === uid && status !== 'revoked');

  it('ends his connections also where the app has deleted what it shows of them', async () => {
    const { id } = await world.connect('ada');
    const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    await db.doc(`strongroom/ada/connections/${id}`).delete();
    await db.terminate();
    await world.suite.forget('ada');
    assert.deepEqual(await world.documents(), {});
    assert.deepEqual(grantsOf('ada'), []);
  });

  it('goes on with the next users where the provider of one does not answer', async () => {
    for (const uid of ['ada', 'grace', 'alan']) await world.connect(uid);
    const sweep = createSweep({
      store: world.store,
      goneUsers: async (uids) => [...uids],
      forget: world.suite.forget,
      warn: async () => 0,
      clock: world.clock,
    });
    world.provider.addFault({ endpoint: 'revocation', status: 503 });
    await refuses('unavailable', sweep(), { dependency: 'provider' });
    const left = Object.keys(await world.documents()).filter((path) => path.includes('Vault'));
    assert.equal(left.length, 1);
    await sweep();
    assert.deepEqual(await world.documents(), {});
  });
});
