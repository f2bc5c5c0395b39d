import assert from 'node:assert/strict';
import { request as ask, createServer } from 'node:http';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import type { Suite } from '../../src/suite.ts';
import { decide, suiteWith } from '../harness/devices.ts';
import { refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const provider = 'sandbox-oauth2';

describe('a connection at a tenant that its user names', function () {
  this.timeout(60_000);
  let world: World;
  let tenants: LocalServer;
  /** What was asked, by tenant. */
  let asked: string[];

  before(async () => {
    world = await createWorld();
    tenants = await listen(
      createServer((request, response) => {
        const [, tenant = '', path = ''] = /^\/([^/]*)(.*)$/s.exec(request.url ?? '') ?? [];
        asked.push(`${tenant} ${path.split('?')[0]}`);
        if (path === '/site') {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ sites: [{ name: `${tenant}-site` }] }));
          return;
        }
        const { method, headers } = request;
        const { host } = new URL(world.provider.url);
        const there = ask(world.provider.url + path, { method, headers: { ...headers, host } });
        there.on('response', (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        request.pipe(there);
      }),
      0,
    );
  });
  after(async () => {
    await tenants?.stop();
    await world.stop();
  });
  beforeEach(async () => {
    await world.reset();
    asked = [];
  });

  const settings = () => ({
    variables: { realm: { label: 'Realm', pattern: '[a-z]+', example: 'acme', by: 'user' } },
    authorizationEndpoint: `${world.provider.url}/auth?realm={realm}`,
    tokenEndpoint: `${tenants.url}/{realm}/token`,
    revocationEndpoint: `${tenants.url}/{realm}/token/revocation`,
    deviceAuthorizationEndpoint: `${tenants.url}/{realm}/device/auth`,
    deviceAuthorization: true,
    apiBaseUrl: `${tenants.url}/{realm}/api`,
    profile: { endpoint: '/me', map: { sub: 'sub', name: 'name' } },
  });
  const suiteAt = (change: object = {}) => suiteWith(world, { ...settings(), ...change }, provider);
  const connect = (suite: Suite, realm: string, more: object = {}) =>
    world.connect('ada', { suite, provider, variables: { realm }, ...more });
  const requestsOf = (path: string) => asked.filter((one) => one.endsWith(` ${path}`));

  it('is authorized, called, refreshed and revoked there, and nowhere else', async () => {
    const suite = suiteAt();
    const { id, account } = await connect(suite, 'acme');
    assert.deepEqual(account, { subject: 'ada@acme', name: 'Ada' });
    assert.equal(await world.call('ada', id, suite), 200);
    world.provider.expireAccessTokens();
    assert.equal(await world.call('ada', id, suite), 200);
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.equal(requestsOf('/token').length, 2);
    assert.ok(requestsOf('/token/revocation').length > 0);
    assert.deepEqual([...new Set(asked.map((one) => one.split(' ')[0]))], ['acme']);
  });

  it('is revoked there also where that has to wait', async () => {
    const suite = suiteAt();
    const { id } = await connect(suite, 'acme');
    world.provider.addFault({ endpoint: 'revocation', times: 1, status: 503 });
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: false, pending: true });
    asked = [];
    await world.runTasks({ suite });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.deepEqual([...new Set(asked)], ['acme /token/revocation']);
  });

  it('is another than one with the same subject at another tenant', async () => {
    const suite = suiteAt();
    const acme = await connect(suite, 'acme');
    const other = await connect(suite, 'other');
    assert.notEqual(other.id, acme.id);
    assert.deepEqual([acme.account.subject, other.account.subject], ['ada@acme', 'ada@other']);
    const again = await connect(suite, 'acme');
    assert.deepEqual([again.id, again.created], [acme.id, false]);
  });

  it('is not healed by an account of another tenant, and what came is revoked', async () => {
    const suite = suiteAt();
    const { id } = await connect(suite, 'acme');
    const before = liveGrantsOf(world, 'ada').length;
    await refuses('account_mismatch', connect(suite, 'other', { connectionId: id }));
    assert.equal(liveGrantsOf(world, 'ada').length, before);
    assert.equal((await connect(suite, 'acme', { connectionId: id })).id, id);
  });

  it('comes by a device too', async () => {
    const suite = suiteAt();
    const request = { provider, variables: { realm: 'acme' } };
    const begun = await suite.beginDevice(ada, request);
    await decide(begun, 'ada');
    const polled = await suite.pollDevice(ada, { state: begun.state });
    assert.ok(polled.status === 'connected');
    assert.equal(polled.connection.account.subject, 'ada@acme');
    assert.equal(await world.call('ada', polled.connection.id, suite), 200);
    assert.deepEqual([...new Set(asked.map((one) => one.split(' ')[0]))], ['acme']);
  });

  for (const [what, variables] of Object.entries({
    'is not named': {},
    'is not of the expected form': { realm: '../evil' },
    'is named beside another': { realm: 'acme', other: 'x' },
  })) {
    it(`is not begun where the tenant ${what}, and nothing is changed`, async () => {
      const suite = suiteAt();
      const begin = { provider, variables };
      const cost = await world.costOf(async () => {
        await refuses('invalid_argument', suite.begin(ada, begin));
        await refuses('invalid_argument', suite.beginDevice(ada, begin));
      });
      assert.deepEqual(cost, { reads: 0, writes: 0 });
      assert.deepEqual(asked, []);
    });
  }

  it('cannot be led elsewhere between its beginning and its end', async () => {
    const suite = suiteAt();
    const answer = await world.answer('ada', { suite, provider, variables: { realm: 'acme' } });
    const written = JSON.stringify(await world.documents());
    assert.doesNotMatch(written, /acme/, 'it stands where somebody could change it');
    await suite.complete(ada, answer);
    assert.deepEqual(requestsOf('/token'), ['acme /token']);
  });

  it('is not asked for by a team that did not when it was begun', async () => {
    const answer = await world.answer('ada', { suite: suiteWith(world, {}, provider), provider });
    const later = suiteAt().complete(ada, answer);
    await refuses('invalid_argument', later, { field: 'variables.realm' });
    assert.deepEqual(asked, []);
  });

  it('keeps what the answer says beside the code, where it says where the API is', async () => {
    const apiBaseUrl = `${tenants.url}/{realm}/api/echo/{companyId}`;
    const suite = suiteAt({ apiBaseUrl, callbackParameters: ['companyId'], profile: undefined });
    const begun = await suite.begin(ada, { provider, variables: { realm: 'acme' } });
    const { authorizationUrl, state } = begun;
    assert.deepEqual((await suite.callbackTarget(state)).kept, ['companyId']);
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    const answer = { state, ...Object.fromEntries(told) };
    for (const parameters of [{ other: 'x' }, { companyId: '..' }, { companyId: 'a/b' }]) {
      await refuses('invalid_argument', suite.complete(ada, { ...answer, parameters }));
    }
    const { id } = await suite.complete(ada, { ...answer, parameters: { companyId: '12' } });
    assert.equal(await world.call('ada', id, suite), 200);
    assert.ok(asked.includes('acme /api/echo/12/me'));
  });

  it('is found by a look-up, once; a refresh keeps what it told', async () => {
    const lookup = { endpoint: `${tenants.url}/{realm}/site`, keep: { site: 'sites.0.name' } };
    const apiBaseUrl = `${tenants.url}/{realm}/api/echo/{site}`;
    const suite = suiteAt({ lookup, apiBaseUrl, profile: undefined });
    const { id } = await connect(suite, 'acme');
    world.provider.expireAccessTokens();
    assert.equal(await world.call('ada', id, suite), 200);
    assert.ok(asked.includes('acme /api/echo/acme-site/me'));
    assert.equal(requestsOf('/site').length, 1);
  });

  it('is not made where the look-up tells nothing, and no grant is left', async () => {
    const lookup = { endpoint: `${tenants.url}/{realm}/site`, keep: { site: 'sites.1.name' } };
    const suite = suiteAt({ lookup });
    await refuses('provider_answer_invalid', connect(suite, 'acme'));
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.deepEqual(await suite.list(ada), []);
  });
});
