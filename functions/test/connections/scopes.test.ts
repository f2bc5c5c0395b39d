import assert from 'node:assert/strict';
import { changeProvider } from '../harness/change-provider.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('the scopes of a connection', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const few = ['openid', 'offline_access'];
  /** The provider's answer to the code names these only. */
  const grantOnly = (scope: string | null) =>
    world.provider.addFault({ endpoint: 'token', patch: { scope } });
  const sorted = (scopes: readonly string[]) => [...scopes].sort();

  it('may become more later: what is asked for is added to what it has, on the same connection', async () => {
    const { id, scopes } = await world.connect('ada', { scopes: few });
    assert.deepEqual(sorted(scopes), sorted(few));
    const more = await world.connect('ada', { connectionId: id, scopes: ['email'] });
    assert.equal(more.id, id);
    assert.equal(more.created, false);
    assert.deepEqual(sorted(more.scopes), sorted([...few, 'email']));
    assert.equal(more.refusedScopes, undefined);
    const most = await world.connect('ada', { connectionId: id, scopes: ['profile'] });
    assert.deepEqual(sorted(most.scopes), sorted([...few, 'email', 'profile']));
    assert.equal((await world.suite.list({ uid: 'ada' })).length, 1);
    assert.equal(await world.call('ada', id), 200);
  });

  it('that the settings offer no more are not asked for again', async () => {
    const { id } = await world.connect('ada');
    world.publish(changeProvider('sandbox', { scopes: [...few, 'email'] }));
    const suite = world.newSuite();
    const healed = await world.connect('ada', { suite, connectionId: id, scopes: ['email'] });
    assert.deepEqual(sorted(healed.scopes), sorted([...few, 'email']));
  });

  it('may not be more than the settings offer, on a connection as little as on a new one', async () => {
    const { id: connectionId } = await world.connect('ada', { scopes: few });
    const scopes = ['admin'];
    await refuses(
      'scope_not_offered',
      world.suite.begin({ uid: 'ada' }, { provider: 'sandbox', connectionId, scopes }),
    );
  });

  it('that were refused are reported, and the connection is made with the others', async () => {
    grantOnly('openid profile offline_access');
    const { scopes, refusedScopes, status } = await world.connect('ada');
    assert.equal(status, 'active');
    assert.deepEqual(sorted(scopes), ['offline_access', 'openid', 'profile']);
    assert.deepEqual(refusedScopes, ['email']);
  });

  it('that get lost by connecting again are reported as well', async () => {
    const { id, scopes } = await world.connect('ada');
    assert.ok(scopes.includes('email'));
    grantOnly('openid profile offline_access');
    const healed = await world.connect('ada', { connectionId: id, scopes: ['profile'] });
    assert.equal(healed.scopes.includes('email'), false);
    assert.deepEqual(healed.refusedScopes, ['email']);
  });

  it('count as granted by what came of them, where the answer leaves their names out', async () => {
    grantOnly('email');
    const { refusedScopes } = await world.connect('ada', { scopes: [...few, 'email', 'profile'] });
    assert.deepEqual(refusedScopes, ['profile']);
    // RFC 6749 §5.1: nothing said is all granted.
    grantOnly(null);
    assert.equal((await world.connect('grace')).refusedScopes, undefined);
  });

  it('count as granted by the name that the provider gives them', async () => {
    const email = 'https://provider.example/auth/userinfo.email';
    world.publish(changeProvider('sandbox', { scopeAliases: { email } }));
    const suite = world.newSuite();
    grantOnly(`openid profile ${email}`);
    const { id, refusedScopes } = await world.connect('ada', { suite });
    assert.equal(refusedScopes, undefined);
    const more = await world.connect('ada', { suite, connectionId: id, scopes: ['profile'] });
    assert.ok(more.scopes.includes('email'), 'it was asked for again');
  });
});
