import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { authorizationIdOf } from '../../src/connections/authorize/remember.ts';
import { atCommits } from '../harness/commits.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };

/** What the client library repeats by itself: a commit whose connection was cut. */
describe('completing where the answer to "use this state" is lost', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());
  afterEach(() => world.meter.setIntercept(undefined));

  const codeRequests = () => world.provider.counters().tokenRequests.total;

  for (const times of [1, 2]) {
    it(`connects, with one exchange, when it is lost ${times} times`, async () => {
      const answer = await world.answer('ada');
      atCommits(
        world.meter,
        'authorization',
        Array.from({ length: times }, () => ({ drop: 'after' })),
      );
      assert.equal((await world.suite.complete(ada, answer)).status, 'active');
      assert.equal(codeRequests(), 1);
      world.meter.setIntercept(undefined);
      await refuses('state_used', world.suite.complete(ada, answer));
    });
  }

  it('refuses who was second although his own answer was lost', async () => {
    const answer = await world.answer('ada');
    const winner = world.newSuite();
    atCommits(world.meter, 'authorization', [
      async () => {
        await winner.complete(ada, answer);
        return { drop: 'after' };
      },
    ]);
    await refuses('state_used', world.suite.complete(ada, answer));
    assert.equal(codeRequests(), 1);
    assert.equal((await world.suite.list(ada)).length, 1);
  });

  it('refuses a state whose authorization was deleted meanwhile', async () => {
    const answer = await world.answer('ada');
    const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    atCommits(world.meter, 'authorization', [
      async () => {
        await db.doc(`strongroomAuthorizations/${authorizationIdOf(answer.state)}`).delete();
        return undefined;
      },
    ]);
    await refuses('state_used', world.suite.complete(ada, answer));
    await db.terminate();
    assert.equal(codeRequests(), 0);
  });

  it('leaves the state to be used again where the write was refused', async () => {
    const answer = await world.answer('ada');
    const denied = { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } };
    atCommits(world.meter, 'authorization', [denied]);
    await refuses('unavailable', world.suite.complete(ada, answer), { dependency: 'firestore' });
    assert.equal(codeRequests(), 0);
    assert.equal((await world.suite.complete(ada, answer)).status, 'active');
  });

  it('costs no read where nothing is lost', async () => {
    const answer = await world.answer('ada');
    const cost = await world.costOf(() => world.suite.complete(ada, answer));
    assert.deepEqual(cost, { reads: 1, writes: 4 });
  });
});
