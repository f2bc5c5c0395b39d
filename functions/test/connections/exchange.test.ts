import assert from 'node:assert/strict';
import type { Connected } from '../../src/connections/connection.ts';
import type { ExchangedToken, ExchangeRequest } from '../../src/connections/exchange/exchange.ts';
import type { Suite } from '../../src/suite.ts';
import { recordsIn } from '../harness/audit.ts';
import { suiteWith } from '../harness/devices.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { openVault } from '../harness/open-vault.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const tokenExchange = {
  audiences: ['orders', 'forbidden'],
  resources: ['https://orders.example/api'],
  scopes: ['openid', 'profile'],
  actors: true,
  account: { parameter: 'requested_subject', allowed: ['team'] },
  subjectToken: 'access_token',
} as const;
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';

describe('exchanging the token of a connection (RFC 8693)', function () {
  this.timeout(60_000);
  let world: World;
  let suite: Suite;
  let id: string;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    await use({});
    ({ id } = await world.connect('ada', { suite }));
  });

  const use = async (more: object, patch: object = {}) => {
    const exchange = { tokenExchange: { ...tokenExchange, ...more } };
    suite = suiteWith(world, { allowTokenRelease: true, ...exchange, ...patch });
  };
  const exchange = (request: Omit<ExchangeRequest, 'connectionId'>, uid = 'ada') =>
    suite.exchange({ uid }, { connectionId: id, ...request }, world.clock.now() + 20_000);
  const token = async (request: Omit<ExchangeRequest, 'connectionId'>): Promise<ExchangedToken> => {
    const answer = await exchange({ ...request, keep: false });
    assert.ok('accessToken' in answer);
    return answer;
  };
  const kept = async (request: Omit<ExchangeRequest, 'connectionId'>): Promise<Connected> => {
    const answer = await exchange({ ...request, keep: true });
    assert.ok('connection' in answer);
    return answer.connection;
  };
  /** What the provider says that a token is. */
  const introspected = async (accessToken: string) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await fetch(`${world.provider.url}/api/me`, { headers });
    assert.equal(answer.status, 200);
    return Object(await answer.json());
  };
  const me = async (connectionId: string) => {
    const call = { method: 'GET', path: '/me' };
    const deadlineAt = world.clock.now() + 20_000;
    const { body } = await suite.call(ada, connectionId, call, deadlineAt);
    return Object(JSON.parse(new TextDecoder().decode(body)));
  };
  const exchanges = () => world.provider.counters().tokenRequests.byGrantType[grant] ?? 0;

  describe('gives a token to use once', () => {
    it('with fewer scopes', async () => {
      const { accessToken, scopes, expiresAt = '' } = await token({ scopes: ['openid'] });
      assert.deepEqual(scopes, ['openid']);
      assert.ok(Date.parse(expiresAt) > world.clock.now());
      assert.equal((await introspected(accessToken)).scope, 'openid');
    });

    it('for another audience and resource, with no more scopes than the settings name', async () => {
      const resource = ['https://orders.example/api'];
      const { accessToken } = await token({ audience: ['orders'], resource });
      const { targets, scope, actor } = await introspected(accessToken);
      assert.deepEqual(targets, ['orders', ...resource]);
      assert.deepEqual([scope, actor], ['openid profile', null]);
    });

    it('with which another connection of the user acts for this one: delegation', async () => {
      const { id: actor } = await world.connect('ada', { suite, account: 'assistant' });
      const { accessToken } = await token({ actorConnectionId: actor });
      const { sub, actor: acting } = await introspected(accessToken);
      assert.deepEqual([sub, acting], ['ada', 'assistant']);
    });

    it('of another account that the settings let users switch to', async () => {
      const { accessToken } = await token({ account: 'team' });
      assert.equal((await introspected(accessToken)).sub, 'team');
    });

    it('for one request to the provider and one record, and leaves the connection as it is', async () => {
      const before = await world.vault(id);
      await world.call('ada', id, suite);
      const cost = await world.costOf(() => token({ audience: ['orders'] }));
      assert.deepEqual(cost, { reads: 0, writes: 1 });
      assert.equal(exchanges(), 1);
      assert.deepEqual((await world.vault(id)).sealed, before.sealed);
      assert.equal(await world.call('ada', id, suite), 200);
      const [record] = await recordsIn(world, 'ada');
      assert.deepEqual([record?.type, record?.actor], ['token_released', 'user']);
    });

    it('whose connection is refreshed first where its own has expired', async () => {
      world.clock.advance(301_000);
      assert.equal((await token({ scopes: ['openid'] })).scopes[0], 'openid');
    });

    it("to the app's own functions also where no token is released, and for any account", async () => {
      await use({}, { allowTokenRelease: false });
      const time = { timeoutMs: 20_000 };
      const { exchangeToken } = suite.connections;
      const own = await exchangeToken('ada', 'sandbox', { audience: ['orders'] }, time);
      assert.deepEqual((await introspected(own.accessToken)).targets, ['orders']);
      const other = await exchangeToken('ada', id, { account: 'anybody' }, time);
      assert.equal((await introspected(other.accessToken)).sub, 'anybody');
      const actor = { token: own.accessToken, type: 'access_token' } as const;
      const acting = await exchangeToken('ada', id, { actor }, time);
      assert.equal((await introspected(acting.accessToken)).actor, 'ada');
      const [record] = await recordsIn(world, 'ada');
      assert.deepEqual([record?.type, record?.actor], ['token_released', 'service']);
      const escalating = exchangeToken('ada', id, { scopes: ['email'] }, time);
      await refuses('scope_not_offered', escalating);
    });
  });

  describe('gives a token to keep', () => {
    it('as a connection of its own, which does not take the place of the first', async () => {
      await use({}, { allowTokenRelease: false });
      const connection = await kept({ scopes: ['openid'] });
      assert.notEqual(connection.id, id);
      assert.deepEqual(connection.scopes, ['openid']);
      assert.equal((await me(connection.id)).scope, 'openid');
      assert.match((await me(id)).scope, /email/);
      assert.equal((await suite.list(ada)).length, 2);
    });

    it('with the name of the account that was switched to', async () => {
      const { account } = await kept({ account: 'team' });
      assert.deepEqual([account.subject, account.name], ['team', 'Team']);
    });

    it('bound to a key of its own where the settings say so (RFC 9449)', async () => {
      await use({}, { dpop: true });
      ({ id } = await world.connect('ada', { suite, account: 'bound' }));
      const { id: other } = await kept({ scopes: ['openid'] });
      const [first, second] = [await openVault(world, id), await openVault(world, other)];
      assert.ok(second.dpopKey);
      assert.notDeepEqual(second.dpopKey, first.dpopKey);
    });

    it('that is refreshed by itself where the settings ask for a refresh token', async () => {
      await use({ requestedTokenType: 'refresh_token' });
      const connection = await kept({ scopes: ['openid'] });
      world.provider.expireAccessTokens();
      assert.equal((await me(connection.id)).scope, 'openid');
    });

    it('at the provider whose API takes it, where the settings name one', async () => {
      await use({ keepAs: 'sandbox-oauth2' });
      const first = await kept({ audience: ['orders'] });
      assert.deepEqual([first.provider, first.account.subject], ['sandbox-oauth2', 'ada']);
      assert.deepEqual((await me(first.id)).targets, ['orders']);
      const second = await kept({ audience: ['orders'] });
      assert.deepEqual([second.id, second.created], [first.id, false]);
    });

    it('and revokes it where it cannot be kept', async () => {
      const { revocations } = world.provider.counters();
      world.meter.setIntercept(({ operation }) =>
        operation.name === 'commit' ? Promise.resolve({ status: 403 }) : Promise.resolve(undefined),
      );
      await refuses('unavailable', exchange({ audience: ['orders'], keep: true }));
      world.meter.setIntercept(undefined);
      assert.equal(world.provider.counters().revocations, revocations + 1);
      assert.equal((await suite.list(ada)).length, 1);
      assert.equal(await world.call('ada', id, suite), 200);
    });
  });

  describe('is refused', () => {
    const refused = {
      'a scope that is not allowed': [{ scopes: ['openid', 'email'] }, 'scope_not_offered'],
      'a scope that does not exist': [{ scopes: ['admin'] }, 'scope_not_offered'],
      'an audience that is not allowed': [
        { audience: ['orders', 'payroll'] },
        'target_not_allowed',
      ],
      'a resource below one that is': [
        { resource: ['https://orders.example/api/admin'] },
        'target_not_allowed',
      ],
      'an account that is not allowed': [{ account: 'root' }, 'target_not_allowed'],
      'nothing in particular': [{}, 'invalid_argument'],
    } as const;
    for (const [what, [request, code]] of Object.entries(refused)) {
      for (const keep of [false, true]) {
        it(`for ${what}${keep ? ', to keep' : ''}: the provider is not asked`, async () => {
          await refuses(code, exchange({ ...request, keep }));
          assert.equal(exchanges(), 0);
        });
      }
    }

    it('unless the settings of the provider name what tokens may be exchanged for', async () => {
      suite = suiteWith(world, { allowTokenRelease: true, tokenExchange: undefined });
      await refuses('not_offered', exchange({ scopes: ['openid'] }));
      const own = suite.connections.exchangeToken('ada', id, {}, { timeoutMs: 20_000 });
      await refuses('not_offered', own);
      assert.equal(exchanges(), 0);
    });

    it('to clients where the settings let no token out, before anybody is asked', async () => {
      await use({}, { allowTokenRelease: false });
      await refuses('token_release_off', exchange({ scopes: ['openid'] }));
      assert.equal(exchanges(), 0);
    });

    it('with an actor where the settings allow none, of another user, or of another provider', async () => {
      const { id: elsewhere } = await world.connect('ada', { suite, provider: 'sandbox-oauth2' });
      const { id: mallorys } = await world.connect('mallory', { suite });
      await refuses('target_not_allowed', exchange({ actorConnectionId: elsewhere }));
      await refuses('connection_not_found', exchange({ actorConnectionId: mallorys }));
      await refuses('connection_not_found', exchange({ scopes: ['openid'] }, 'mallory'));
      await use({ actors: false });
      await refuses('target_not_allowed', exchange({ actorConnectionId: elsewhere }));
      assert.equal(exchanges(), 0);
    });

    it('as the provider refuses it: by its policy, or because it does not know the target', async () => {
      const body = { error: 'access_denied', error_description: 'Client not allowed to exchange' };
      world.provider.addFault({ endpoint: 'token', status: 403, body });
      await refuses('access_denied', exchange({ scopes: ['openid'] }));
      const { code, details } = await errorOf(exchange({ audience: ['forbidden'] }));
      assert.deepEqual([code, details.providerError], ['provider_misconfigured', 'invalid_target']);
      assert.equal((await suite.get(ada, id)).status, 'active');
    });

    const type = 'urn:ietf:params:oauth:token-type:';
    const answers = {
      'a token of another type': { issued_token_type: `${type}saml2` },
      'a refresh token': { issued_token_type: `${type}refresh_token` },
      'a token of no type': { issued_token_type: null },
      'one that is not to be sent as an access token': { token_type: 'N_A' },
    };
    for (const [what, patch] of Object.entries(answers)) {
      it(`where the provider gives ${what}, which is revoked`, async () => {
        const { revocations } = world.provider.counters();
        world.provider.addFault({ endpoint: 'token', patch });
        await refuses('provider_answer_invalid', exchange({ scopes: ['openid'] }));
        assert.equal(world.provider.counters().revocations, revocations + 1);
        assert.equal(await world.call('ada', id, suite), 200);
      });
    }

    it("where the provider gives the connection's own token back, which is not revoked", async () => {
      const { accessToken } = await suite.token(ada, id, world.clock.now() + 20_000);
      world.provider.addFault({ endpoint: 'token', patch: { access_token: accessToken } });
      await refuses('provider_answer_invalid', exchange({ scopes: ['openid'] }));
      assert.equal(world.provider.counters().revocations, 0);
      assert.equal(await world.call('ada', id, suite), 200);
    });
  });

  it('shows no token to anybody: no error, no log, no document, no other answer', async () => {
    const marks = createMarks();
    const { accessToken } = await suite.token(ada, id, world.clock.now() + 20_000);
    marks.add('subject token', accessToken);
    marks.add('exchanged token', (await token({ scopes: ['openid'] })).accessToken);
    const seen: unknown[] = [await kept({ audience: ['orders'] })];
    const body = { error: 'invalid_request', error_description: accessToken };
    world.provider.addFault({ endpoint: 'token', status: 400, body });
    seen.push(await errorOf(exchange({ scopes: ['openid'] })));
    seen.push(await world.documents(), await recordsIn(world, 'ada'), logged());
    seen.push(world.provider.requests().map(({ url }) => url));
    assert.deepEqual(marks.find(seen.map(everythingOf).join('\n')), []);
    assert.match(everythingOf(seen), /token_released/);
  });
});
