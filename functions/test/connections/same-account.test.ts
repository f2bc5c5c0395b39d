import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { atCommits, holdCommits } from '../harness/commits.ts';
import { openDatabase } from '../harness/database.ts';
import { tokenSetIn } from '../harness/tokens.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };

describe('connecting an account that is connected already', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());
  afterEach(() => world.meter.setIntercept(undefined));

  const vaultIds = async () =>
    Object.keys(await world.documents())
      .filter((path) => path.startsWith('strongroomVault/'))
      .map((path) => path.split('/')[1]);
  const accounts = async () =>
    Object.keys(await world.documents()).filter((path) => path.includes('/accounts/'));

  it('is recognised: the connection is put in order, and no second one is made', async () => {
    const first = await world.connect('ada');
    assert.equal(first.created, true);
    const second = await world.connect('ada');
    assert.deepEqual([second.id, second.created], [first.id, false]);
    assert.deepEqual(await vaultIds(), [first.id]);
    assert.equal((await world.vault(first.id)).generation, 2);
    assert.equal(await world.call('ada', first.id, world.newSuite()), 200);
  });

  it('heals the one that needs its user', async () => {
    const { id } = await world.connect('ada');
    world.provider.revokeGrants();
    world.clock.advance(301_000);
    await assert.rejects(world.call('ada', id), { code: 'needs_reauth' });
    const again = await world.connect('ada');
    assert.deepEqual([again.id, again.status, again.created], [id, 'active', false]);
    assert.equal(await world.call('ada', id), 200);
  });

  it("tells several accounts of one provider apart, and another user's account of the same subject", async () => {
    const work = await world.connect('ada', { account: 'ada-at-work' });
    const home = await world.connect('ada', { account: 'ada-at-home' });
    const grace = await world.connect('grace', { account: 'ada-at-work' });
    assert.deepEqual(
      [work, home, grace].map(({ created }) => created),
      [true, true, true],
    );
    assert.equal(new Set([work.id, home.id, grace.id]).size, 3);
    assert.equal((await world.connect('ada', { account: 'ada-at-home' })).id, home.id);
  });

  it('is a new connection once the first was disconnected', async () => {
    const first = await world.connect('ada');
    await world.suite.disconnect(ada, first.id);
    assert.deepEqual(await accounts(), []);
    const second = await world.connect('ada');
    assert.deepEqual([second.created, second.id === first.id], [true, false]);
  });

  it('leaves nothing of the account behind when its user is forgotten', async () => {
    await world.connect('ada');
    await world.connect('ada', { account: 'ada-at-home' });
    await world.suite.forget('ada');
    assert.deepEqual(
      Object.keys(await world.documents()).filter((path) => path.startsWith('strongroom/')),
      [],
    );
  });

  it('makes one connection, and loses no grant, where two instances complete at once', async () => {
    const answers = [await world.answer('ada'), await world.answer('ada')];
    const suites = [world.newSuite(), world.newSuite()];
    // Both have decided to create before either has: neither can see the other.
    const held = holdCommits(world.meter, 'connection', 2);
    const completing = answers.map((answer, i) => suites[i]?.complete(ada, answer));
    await Promise.all(held.map(({ reached }) => reached));
    for (const { release } of held) release();
    const connected = await Promise.all(completing);
    const [id] = await vaultIds();
    assert.deepEqual(
      connected.map((one) => one?.id),
      [id, id],
    );
    assert.deepEqual(connected.map((one) => one?.created).sort(), [false, true]);
    assert.equal((await vaultIds()).length, 1);
    assert.equal(await world.call('ada', `${id}`, world.newSuite()), 200);
  });

  it('knows its own new connection again where the answer to its write is lost', async () => {
    atCommits(world.meter, 'connection', [{ drop: 'after' }]);
    const { id, created } = await world.connect('ada');
    world.meter.setIntercept(undefined);
    assert.equal(created, true);
    assert.deepEqual(await vaultIds(), [id]);
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
  });

  it('can be connected although what is shown of its connection was deleted by the app', async () => {
    const { id } = await world.connect('ada');
    const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    await db.doc(`strongroom/ada/connections/${id}`).delete();
    await db.terminate();
    const again = await world.connect('ada');
    assert.equal(again.created, true);
    assert.equal(await world.call('ada', again.id), 200);
  });

  it('costs a read and four writes the first time, and four reads and three writes the second', async () => {
    const first = await world.answer('ada');
    const cost = await world.costOf(() => world.suite.complete(ada, first));
    assert.deepEqual(cost, { reads: 1, writes: 4 });
    const second = await world.answer('ada');
    const again = await world.costOf(() => world.suite.complete(ada, second));
    assert.deepEqual(again, { reads: 4, writes: 3 });
  });

  it('keeps the refresh token where the provider gives none with a further consent', async () => {
    const { id } = await world.connect('ada');
    // As some do: a refresh token at the first consent only.
    const scopes = ['openid', 'profile'];
    const again = await world.connect('ada', { scopes });
    assert.deepEqual([again.id, [...again.scopes].sort()], [id, scopes]);
    const { provider } = world;
    const before = provider.counters().tokenRequests.total;
    world.clock.advance(301_000);
    assert.equal(await world.call('ada', id), 200);
    assert.equal(provider.counters().tokenRequests.total, before + 1);
    assert.equal((await world.vault(id)).status, 'active');
  });

  for (const isOmitted of [true, false]) {
    it(`keeps ${isOmitted ? 'the' : 'no'} refresh token that a further consent leaves out where the data says that it ${isOmitted ? 'does' : 'never does'}`, async () => {
      world.publish((settings) => {
        const { sandbox } = settings.providers;
        assert.ok(sandbox);
        sandbox.life.reconsentOmitsRefreshToken = isOmitted;
        return settings;
      });
      const suite = world.newSuite();
      const { id } = await world.connect('ada', { suite });
      const before = await tokenSetIn(world, id);
      await world.connect('ada', { suite, scopes: ['openid', 'profile'] });
      const now = await tokenSetIn(world, id);
      assert.notEqual(now.accessToken, before.accessToken);
      assert.equal(now.refreshToken, isOmitted ? before.refreshToken : undefined);
    });
  }

  it('keeps no refresh token of a grant that is gone', async () => {
    const { id } = await world.connect('ada');
    world.provider.revokeGrants();
    world.clock.advance(301_000);
    await assert.rejects(world.call('ada', id), { code: 'needs_reauth' });
    await world.connect('ada', { scopes: ['openid', 'profile'] });
    assert.equal((await tokenSetIn(world, id)).refreshToken, undefined);
  });
});
