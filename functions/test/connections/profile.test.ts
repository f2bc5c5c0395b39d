import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { listen } from '../../../sandbox/http/local-server.ts';
import type { Suite } from '../../src/suite.ts';
import { suiteWith } from '../harness/devices.ts';
import { refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const standard = ['openid', 'profile', 'email', 'offline_access'];
/** As a provider without ID tokens tells whose an account is. */
const byData = {
  profile: { endpoint: '/me', map: { sub: 'sub', name: 'name', email: 'email' } },
};

describe('whose account a connection is', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const oauth2 = (patch: object = byData) => suiteWith(world, patch, 'sandbox-oauth2');
  const connect = (suite: Suite, uid = 'ada', more: object = {}) =>
    world.connect(uid, { suite, provider: 'sandbox-oauth2', ...more });
  const profile = (suite: Suite, connectionId: string, raw = false) =>
    suite.profile(ada, { connectionId, raw }, world.clock.now() + 20_000);
  /** How often it was asked, at an address that ends so. */
  const asked = (path: string) =>
    world.provider.requests().filter(({ url }) => url.split('?')[0] === path).length;

  describe('is known from the start', () => {
    beforeEach(() => world.provider.clearRequests());

    it('by the ID token where that says what the scopes promise, at no cost', async () => {
      const { account } = await world.connect('ada');
      assert.deepEqual(account, { subject: 'ada', name: 'Ada', email: 'ada@example.com' });
      assert.deepEqual([asked('/me'), asked('/api/me')], [0, 0]);
    });

    it('by one request to userinfo where the ID token says less', async () => {
      const answer = await world.answer('ada', { scopes: ['openid', 'profile'] });
      world.provider.addFault({ endpoint: 'token', patch: { scope: standard.join(' ') } });
      world.provider.addFault({ endpoint: 'userinfo', patch: { email: 'ada@mail.example' } });
      const { account } = await world.suite.complete(ada, answer);
      assert.deepEqual(account, { subject: 'ada', name: 'Ada', email: 'ada@mail.example' });
      assert.deepEqual([asked('/me'), asked('/api/me')], [1, 0]);
    });

    it("by one request to the provider's own API, as its data says", async () => {
      const { account } = await connect(oauth2());
      assert.deepEqual(account, { subject: 'ada', name: 'Ada', email: 'ada@example.com' });
      assert.deepEqual([asked('/me'), asked('/api/me')], [0, 1]);
      assert.equal(world.provider.counters().tokenRequests.total, 1);
    });

    it('so an account that is connected already is recognised without an ID token', async () => {
      const suite = oauth2();
      const first = await connect(suite);
      const second = await connect(suite);
      assert.deepEqual([second.id, second.created], [first.id, false]);
      assert.notEqual((await connect(suite, 'ada', { account: 'bob' })).id, first.id);
    });

    it('so another account is refused in its place', async () => {
      const suite = oauth2();
      const { id } = await connect(suite);
      const other = connect(suite, 'ada', { connectionId: id, account: 'mallory' });
      await refuses('account_mismatch', other);
      assert.deepEqual(liveGrantsOf(world, 'mallory'), []);
      assert.equal((await connect(suite, 'ada', { connectionId: id })).id, id);
    });
  });

  describe('need not be known: the account is connected all the same', () => {
    const troubles = {
      'is down': { status: 503 },
      'gives no answer': { drop: 'before' },
      'breaks off within its answer': { drop: 'within' },
      'answers no JSON': { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } },
      'answers null': { status: 200, body: 'null' },
      'answers too much': { status: 200, body: { sub: 'ada', fill: 'x'.repeat(300_000) } },
      'says no': { status: 403, body: { error: 'insufficient_scope' } },
    } as const;
    for (const [what, fault] of Object.entries(troubles)) {
      it(`where the provider's own API ${what}`, async () => {
        const suite = oauth2();
        world.provider.addFault({ endpoint: 'api', ...fault });
        const { id, account, status } = await connect(suite);
        assert.deepEqual([account, status], [{}, 'active']);
        assert.equal(await world.call('ada', id, suite), 200);
      });
    }

    it('where userinfo tells of somebody else, of whom nothing is taken', async () => {
      const answer = await world.answer('ada', { scopes: ['openid', 'profile'] });
      world.provider.addFault({ endpoint: 'token', patch: { scope: standard.join(' ') } });
      const patch = { sub: 'mallory', email: 'mallory@example.com' };
      world.provider.addFault({ endpoint: 'userinfo', patch });
      const { account } = await world.suite.complete(ada, answer);
      assert.deepEqual(account, { subject: 'ada', name: 'Ada' });
    });

    it('but does not take the place of a connection whose account is known', async () => {
      const suite = oauth2();
      const { id } = await connect(suite);
      world.provider.addFault({ endpoint: 'api', status: 503 });
      await refuses('account_mismatch', connect(suite, 'ada', { connectionId: id }));
      assert.equal(liveGrantsOf(world, 'ada').length, 1);
      assert.equal(await world.call('ada', id, suite), 200);
    });
  });

  describe('connections-profile', () => {
    it('answers by the ID token, without a request', async () => {
      const { id } = await world.connect('ada');
      world.provider.clearRequests();
      assert.deepEqual(await profile(world.suite, id), {
        source: 'id_token',
        profile: {
          sub: 'ada',
          name: 'Ada',
          preferred_username: 'ada',
          email: 'ada@example.com',
          email_verified: true,
        },
      });
      assert.deepEqual(world.provider.requests(), []);
    });

    it('gives on request what userinfo told', async () => {
      const { id } = await world.connect('ada');
      world.provider.addFault({ endpoint: 'userinfo', patch: { own: { deep: [1] } } });
      const told = await profile(world.suite, id, true);
      assert.equal(told.source, 'userinfo');
      assert.equal(told.profile.sub, 'ada');
      assert.deepEqual(Object(told.raw).own, { deep: [1] });
    });

    it("gives the provider's own profile by the names of OpenID Connect, and raw on request", async () => {
      const map = { sub: 'id', name: 'display_name', picture: 'images.0.url', updated_at: 'at' };
      const headers = { 'x-version': '2' };
      const suite = oauth2({ profile: { endpoint: '/me', map, headers } });
      const body = {
        id: 4_711,
        display_name: 'Ada <b>L</b>',
        images: [{ url: 'https://cdn.example/a.png' }],
        at: '2026-01-02T03:04:05Z',
        plan: 'pro',
      };
      world.provider.addFault({ endpoint: 'api', times: 2, status: 200, body });
      const { id, account } = await connect(suite);
      assert.deepEqual(account, { subject: '4711', name: 'Ada <b>L</b>' });
      assert.deepEqual(await profile(suite, id, true), {
        source: 'endpoint',
        profile: {
          sub: '4711',
          name: 'Ada <b>L</b>',
          picture: 'https://cdn.example/a.png',
          updated_at: 1_767_323_045,
        },
        raw: body,
      });
    });

    it('asks by POST with a body where the data says so', async () => {
      const query = JSON.stringify({ query: '{ me { id } }' });
      const map = { sub: 'body' };
      const endpoint = `${world.provider.url}/api/echo/graphql`;
      const suite = oauth2({ profile: { endpoint, method: 'POST', body: query, map } });
      const { account } = await connect(suite);
      assert.equal(account.subject, query);
    });

    it('works with a token that the provider has ended, by a refresh', async () => {
      const suite = oauth2();
      const { id } = await connect(suite);
      world.provider.expireAccessTokens();
      assert.equal((await profile(suite, id)).profile.name, 'Ada');
      const openid = await world.connect('ada');
      world.provider.expireAccessTokens();
      assert.equal((await profile(world.suite, openid.id, true)).source, 'userinfo');
    });

    it('proves with each request that it holds the key of a token that is bound to one', async () => {
      const suite = oauth2({ ...byData, dpop: true });
      world.provider.updateSettings({ dpopNonces: true });
      const { id, account } = await connect(suite);
      assert.equal(account.subject, 'ada');
      assert.equal((await profile(suite, id)).profile.sub, 'ada');
      const bound = suiteWith(world, { dpop: true });
      const openid = await world.connect('ada', { suite: bound });
      assert.equal((await profile(bound, openid.id, true)).source, 'userinfo');
    });

    it('is refused for the connection of somebody else', async () => {
      const { id } = await world.connect('ada');
      const request = { connectionId: id };
      const asking = world.suite.profile({ uid: 'mallory' }, request, world.clock.now() + 20_000);
      await refuses('connection_not_found', asking);
    });

    it('says so where nobody tells', async () => {
      const suite = oauth2({});
      const { id, account } = await connect(suite);
      assert.deepEqual(account, {});
      await refuses('not_offered', profile(suite, id), { field: 'profile' });
    });

    it('takes nothing of what userinfo tells of another account', async () => {
      const { id } = await world.connect('ada');
      world.provider.addFault({ endpoint: 'userinfo', patch: { sub: 'mallory' } });
      await refuses('provider_answer_invalid', profile(world.suite, id, true));
    });

    it('takes no answer that does not say whose account it is', async () => {
      const suite = oauth2();
      const { id } = await connect(suite);
      world.provider.addFault({ endpoint: 'api', status: 200, body: { name: 'Ada' } });
      await refuses('provider_answer_invalid', profile(suite, id));
    });

    it('goes to no address on the inside, also where the settings name it', async () => {
      const endpoint = 'https://10.0.0.1/me';
      const profileAt = {
        profile: { ...byData.profile, endpoint },
        apiBaseUrl: 'https://10.0.0.1/',
      };
      const suite = oauth2(profileAt);
      const { id, account } = await connect(suite);
      assert.deepEqual(account, {});
      await refuses('egress_refused', profile(suite, id));
      const inside = suiteWith(world, { userinfoEndpoint: 'https://10.0.0.1/u' }, 'sandbox-oauth2');
      await refuses('egress_refused', profile(inside, (await connect(inside)).id));
    });

    it('follows no redirect, so the token goes nowhere else', async () => {
      let visits = 0;
      const elsewhere = await listen(
        createServer((_request, response) => {
          visits += 1;
          response.end('{"sub": "ada"}');
        }),
        0,
      );
      try {
        const suite = oauth2();
        const headers = { location: `${elsewhere.url}/me` };
        world.provider.addFault({ endpoint: 'api', times: 2, status: 302, headers });
        const { id, account } = await connect(suite);
        assert.deepEqual(account, {});
        await refuses('provider_answer_invalid', profile(suite, id));
        const openid = await world.connect('ada', { suite });
        world.provider.addFault({ endpoint: 'userinfo', status: 302, headers });
        await refuses('provider_answer_invalid', profile(suite, openid.id, true));
        assert.equal(visits, 0);
      } finally {
        await elsewhere.stop();
      }
    });
  });
});
