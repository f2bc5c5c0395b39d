import assert from 'node:assert/strict';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { changeProvider } from '../harness/change-provider.ts';
import { refuses } from '../harness/errors.ts';
import { changesNothing } from '../harness/unchanged.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };

describe('an authorization, as the settings have it,', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  /** Another instance, with these fields of the provider changed. */
  const suiteWith = (change: object, provider = 'sandbox') => {
    world.publish(changeProvider(provider, change));
    return world.newSuite();
  };
  const pushes = () =>
    world.provider.requests().filter(({ method, url }) => method === 'POST' && url === '/request');
  const me = async (id: string, suite = world.suite) => {
    const request = { method: 'GET', path: '/me' };
    const { body } = await suite.call(ada, id, request, world.clock.ticks() + 20_000);
    return Object(JSON.parse(new TextDecoder().decode(body)));
  };

  it('is pushed where the provider offers that: the browser carries a reference alone', async () => {
    world.provider.clearRequests();
    const { authorizationUrl, state } = await world.suite.begin(ada, { provider: 'sandbox' });
    assert.equal(pushes().length, 1);
    const { searchParams } = new URL(authorizationUrl);
    assert.deepEqual([...searchParams.keys()].sort(), ['client_id', 'request_uri']);
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    assert.equal(told.get('state'), state);
    const connection = await world.suite.complete(ada, { state, ...Object.fromEntries(told) });
    assert.equal(connection.account.subject, 'ada');
  });

  it('cannot be changed on its way through the browser where it is pushed', async () => {
    const scopes = ['openid', 'offline_access'];
    const begun = await world.suite.begin(ada, { provider: 'sandbox', scopes });
    const changed = new URL(begun.authorizationUrl);
    changed.searchParams.set('scope', 'openid offline_access email');
    changed.searchParams.set('state', 'mine');
    const visit = { authorizationUrl: changed, account: 'ada', decision: 'allow' } as const;
    const told = await authorize(visit);
    assert.equal(told.get('state'), begun.state);
    const response = { state: begun.state, ...Object.fromEntries(told) };
    const connection = await world.suite.complete(ada, response);
    assert.equal(connection.scopes.includes('email'), false);
  });

  it('is not pushed where the settings say never', async () => {
    world.provider.clearRequests();
    const suite = suiteWith({ par: 'never' });
    const { authorizationUrl, state } = await suite.begin(ada, { provider: 'sandbox' });
    assert.equal(pushes().length, 0);
    assert.equal(new URL(authorizationUrl).searchParams.get('state'), state);
    assert.equal((await world.connect('ada', { suite })).status, 'active');
  });

  it('is begun again later where pushing it fails: nothing is left, and nothing sent by the browser', async () => {
    world.provider.addFault({ endpoint: 'pushedAuthorization', status: 503 });
    await changesNothing(world, () =>
      refuses('unavailable', world.suite.begin(ada, { provider: 'sandbox' })),
    );
    assert.equal((await world.connect('ada')).status, 'active');
  });

  it('is for the API that the settings name, and so is each refresh (RFC 8707)', async () => {
    const resource = `${world.provider.url}/api`;
    const suite = suiteWith({ resource });
    const { id } = await world.connect('ada', { suite });
    assert.equal((await me(id, suite)).aud, resource);
    world.clock.advance(3_600_000);
    assert.equal((await me(id, suite)).aud, resource);
    assert.equal(world.provider.counters().tokenRequests.byGrantType['refresh_token'], 1);
  });

  it('is refused by a provider that does not know the API: for the team to mend', async () => {
    const suite = suiteWith({ resource: 'https://other.example/api' });
    await refuses('provider_misconfigured', suite.begin(ada, { provider: 'sandbox' }), {
      providerError: 'invalid_target',
    });
  });

  it('takes the parameters that the settings let callers choose', async () => {
    const suite = suiteWith({ par: 'never', callerParameters: ['prompt', 'ui_locales'] });
    const begun = await suite.begin(ada, {
      provider: 'sandbox',
      loginHint: 'ada@example.com',
      parameters: { prompt: 'login consent', ui_locales: 'de' },
    });
    const { searchParams } = new URL(begun.authorizationUrl);
    assert.equal(searchParams.get('prompt'), 'login consent');
    assert.equal(searchParams.get('ui_locales'), 'de');
    assert.equal(searchParams.get('login_hint'), 'ada@example.com');
  });

  for (const name of ['redirect_uri', 'prompt', 'scope', '__proto__', 'constructor']) {
    it(`takes no parameter ${name} that they do not`, async () => {
      const parameters = Object.fromEntries([[name, 'x']]);
      await changesNothing(world, () =>
        refuses('invalid_argument', world.suite.begin(ada, { provider: 'sandbox', parameters }), {
          field: 'parameters',
        }),
      );
    });
  }

  it('comes back to a redirect URI of the provider’s own where the settings say so', async () => {
    const suite = suiteWith({ par: 'never', ownRedirectUri: true }, 'sandbox-oauth2');
    const { authorizationUrl } = await suite.begin(ada, { provider: 'sandbox-oauth2' });
    assert.equal(
      new URL(authorizationUrl).searchParams.get('redirect_uri'),
      'http://127.0.0.1:5000/oauth/callback/sandbox-oauth2',
    );
    const { status } = await world.connect('ada', { suite, provider: 'sandbox-oauth2' });
    assert.equal(status, 'active');
  });
});
