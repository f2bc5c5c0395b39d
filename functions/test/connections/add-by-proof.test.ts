import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { refuses } from '../harness/errors.ts';
import {
  machineClients,
  machineSecret,
  newKey,
  publishProviders,
  serverOf,
} from '../harness/machines.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const lifetimeSeconds = 300;
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
const keys = Object.fromEntries(algorithms.map((alg) => [alg, newKey(alg, alg)]));
const unknownKey = newKey('unknown', 'RS256');

describe('who connects without a browser proves who he is', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld({ extraClients: machineClients(Object.values(keys)) });
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const publish = (entry: object) => {
    publishProviders(world, { machines: { ...serverOf(world), ...entry } });
    return world.newSuite();
  };
  const ofApp = { kind: 'client-credentials' };
  const add = (suite: World['suite'], credentials: object = {}) =>
    suite.add(ada, { provider: 'machines', credentials: { ...credentials } });
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const pemOf = (name: string) => keys[name]?.pem ?? assert.fail(name);

  it('by client_secret_post', async () => {
    const clientSecrets = ['not known yet', machineSecret];
    const clientAuthentication = 'client_secret_post';
    const suite = publish({
      ...ofApp,
      clientId: 'machine-post',
      clientAuthentication,
      clientSecrets,
    });
    const { id } = await add(suite);
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal(tokenRequests(), 2);
  });

  for (const alg of algorithms) {
    for (const form of ['pem', 'jwk'] as const) {
      it(`by private_key_jwt with ${alg}, the app's key as ${form}`, async () => {
        const suite = publish({
          ...ofApp,
          clientId: `machine-${alg}`,
          clientAuthentication: 'private_key_jwt',
          clientKeys: [{ privateKey: keys[alg]?.[form], alg, kid: alg }],
        });
        const { id } = await add(suite);
        assert.equal(await world.call('ada', id, suite), 200);
        assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
      });
    }
  }

  it('by private_key_jwt for the issuer as for the token endpoint, by discovery and without', async () => {
    const { url: issuer } = world.provider;
    const key = { privateKey: pemOf('ES256'), kid: 'ES256' };
    for (const entry of [
      { issuer, tokenEndpoint: undefined },
      { issuer },
      { clientAssertionAudience: 'token_endpoint' },
      {},
    ]) {
      const suite = publish({
        ...ofApp,
        ...entry,
        clientId: 'machine-ES256',
        clientAuthentication: 'private_key_jwt',
        clientKeys: [key],
      });
      assert.equal((await add(suite)).status, 'active');
    }
  });

  it('by the second key where the provider does not know the first, and by it first from then on', async () => {
    const suite = publish({
      ...ofApp,
      clientId: 'machine-RS256',
      clientAuthentication: 'private_key_jwt',
      clientKeys: [
        { privateKey: unknownKey.pem, kid: 'unknown' },
        { privateKey: pemOf('RS256'), kid: 'RS256' },
      ],
    });
    const { id } = await add(suite);
    assert.equal(tokenRequests(), 2);
    expire();
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal(tokenRequests(), 3);
  });

  it('by a key of his own', async () => {
    const suite = publish({ ...ofApp, clientAuthentication: 'private_key_jwt' });
    const credentials = {
      client_id: 'machine-ES256',
      private_key: pemOf('ES256'),
      key_id: 'ES256',
    };
    const { id } = await add(suite, credentials);
    expire();
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
    const another = { ...credentials, private_key: newKey('ES256', 'ES256').pem };
    await refuses('credentials_refused', add(suite, another), { providerError: 'invalid_client' });
  });

  it("not by what is no key: the team's settings are at fault, or the user's field, and neither is shown", async () => {
    const marks = createMarks();
    const pem = `-----BEGIN PRIVATE KEY-----\n${marks.make('no key')}\n-----END PRIVATE KEY-----\n`;
    const suite = publish({
      ...ofApp,
      clientId: 'machine-RS256',
      clientAuthentication: 'private_key_jwt',
      clientKeys: [{ privateKey: pem }],
    });
    const work: unknown = await add(suite).catch((error: unknown) => error);
    assert.match(everythingOf(work), /provider_misconfigured/);
    const bearer = publish({ kind: 'jwt-bearer', clientId: 'machine-account' });
    const own: unknown = await add(bearer, { private_key: pem }).catch((error: unknown) => error);
    assert.match(everythingOf(own), /invalid_argument.*credentials\.private_key/s);
    assert.deepEqual(marks.find(everythingOf([work, own])), []);
    assert.equal(tokenRequests(), 0);
  });

  describe('by JWT bearer', () => {
    const ofUser = {
      kind: 'jwt-bearer',
      clientId: 'machine-account',
      fields: [
        { name: 'email', label: 'E-mail', secret: false },
        { name: 'private_key', label: 'Private key', multiline: true },
        { name: 'key_id', label: 'Key ID', secret: false, optional: true },
      ],
      assertion: { subject: '{email}' },
    };
    const own = { email: 'grace@example.com', private_key: pemOf('RS256'), key_id: 'RS256' };

    it("with a key of the user's own: for the account that he names, anew each time", async () => {
      const suite = publish({ ...ofUser, scopes: ['openid'], verify: { path: '/me' } });
      const { id, account } = await add(suite, own);
      assert.deepEqual(account, { subject: 'grace@example.com' });
      expire();
      // The sandbox takes each assertion once.
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 2);
      const accounts = world.provider.grants().map(({ accountId }) => accountId);
      assert.deepEqual(accounts, ['grace@example.com', 'grace@example.com']);
      assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    });

    it('with the scopes in the assertion, where the data says so', async () => {
      const assertion = { subject: '{email}', claims: { scope: '{scope}' }, lifetimeSeconds: 120 };
      const suite = publish({ ...ofUser, assertion, scopes: ['openid', 'email'] });
      const { id, scopes } = await add(suite, own);
      assert.deepEqual(scopes, ['openid', 'email']);
      assert.equal(await world.call('ada', id, suite), 200);
    });

    it('with a key that the provider does not know: the user is told, and nothing is kept', async () => {
      const suite = publish(ofUser);
      const wrong = { ...own, private_key: unknownKey.pem };
      await refuses('credentials_refused', add(suite, wrong), { providerError: 'invalid_grant' });
      assert.deepEqual(await suite.list(ada), []);
    });

    it("with the app's key, for the one account that the settings name", async () => {
      const suite = publish({
        kind: 'jwt-bearer',
        clientId: 'machine-account',
        assertion: { subject: 'integration@example.com' },
        assertionKeys: [
          { privateKey: unknownKey.pem, kid: 'unknown' },
          { privateKey: pemOf('RS256'), kid: 'RS256' },
        ],
      });
      const { id, account } = await add(suite);
      assert.deepEqual(account, { subject: 'integration@example.com' });
      assert.equal(await world.call('ada', id, suite), 200);
    });

    it("never with the app's key for an account that a user names", async () => {
      const suite = publish({
        ...ofUser,
        assertionKeys: [{ privateKey: pemOf('RS256') }],
      });
      await refuses('settings_invalid', add(suite, { email: 'victim@example.com' }), {
        field: 'providers.machines.fields',
      });
    });

    it("blames the team where the app's key is refused", async () => {
      const suite = publish({
        kind: 'jwt-bearer',
        clientId: 'machine-account',
        assertionKeys: [{ privateKey: unknownKey.pem }],
      });
      await refuses('provider_misconfigured', add(suite), { providerError: 'invalid_grant' });
    });
  });

  describe('at a server that he names', () => {
    const hosted = () => ({
      ...ofApp,
      fields: [
        { name: 'client_id', label: 'Client ID', secret: false },
        { name: 'client_secret', label: 'Client secret' },
        { name: 'server', label: 'Server', secret: false },
      ],
      tokenEndpoint: '{server}/token',
      tokenHosts: ['*.example.com'],
    });
    const own = { client_id: 'machine', client_secret: machineSecret };

    it('within the hosts of the settings, and his secret goes nowhere else', async () => {
      const suite = publish(hosted());
      const { id } = await add(suite, { ...own, server: world.provider.url });
      expire();
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      for (const server of ['https://evil.example', 'https://a.example.com.evil.example', 'x']) {
        await refuses('invalid_argument', add(suite, { ...own, server }), {
          field: 'credentials.server',
        });
      }
    });

    it('whose failures are not those of the others', async () => {
      const suite = publish(hosted());
      const uids = ['a', 'b', 'c', 'd', 'e', 'f'];
      const credentials = { ...own, server: world.provider.url };
      const ids = await Promise.all(
        uids.map(
          async (uid) => (await suite.add({ uid }, { provider: 'machines', credentials })).id,
        ),
      );
      expire();
      world.provider.addFault({ endpoint: 'token', status: 503, times: 1_000 });
      for (const [n, id] of ids.entries()) {
        const request = { method: 'GET', path: '/me' };
        const deadlineAt = world.clock.ticks() + 100;
        await refuses('unavailable', suite.call({ uid: uids[n] ?? '' }, id, request, deadlineAt));
      }
      // One of those that are down for everybody would not have been asked a sixth time.
      assert.ok(Object.keys(await world.documents()).every((path) => !/Providers/.test(path)));
    });
  });

  describe('and is told how long it lives by introspection', () => {
    const untold = { endpoint: 'token', patch: { expires_in: null }, times: 1_000 } as const;
    const introspected = {
      kind: 'client-credentials',
      clientId: 'machine',
      clientSecrets: [machineSecret],
      life: { introspect: true },
    };
    const lifetimeOf = async (id: string) => {
      const { expiresAt, obtainedAt } = await world.vault(id);
      return expiresAt === null ? null : Math.round((expiresAt - obtainedAt) / 10_000) * 10;
    };

    it('where the answer does not tell, at the first token and at each further one', async () => {
      world.provider.addFault(untold);
      const suite = publish(introspected);
      const { id } = await add(suite);
      assert.equal(await lifetimeOf(id), lifetimeSeconds);
      expire();
      assert.equal(await world.call('ada', id, suite), 200);
      assert.deepEqual(
        [await lifetimeOf(id), (await world.vault(id)).generation],
        [lifetimeSeconds, 2],
      );
    });

    it('as long as the one before, where the question fails: the token is kept', async () => {
      world.provider.addFault(untold);
      const suite = publish(introspected);
      const { id } = await add(suite);
      expire();
      world.provider.addFault({ endpoint: 'introspection', status: 503, times: 1_000 });
      assert.equal(await world.call('ada', id, suite), 200);
      assert.deepEqual(
        [await lifetimeOf(id), (await world.vault(id)).generation],
        [lifetimeSeconds, 2],
      );
    });

    for (const [what, fault] of [
      ['no answer', { drop: 'after' }],
      ['an error', { status: 500 }],
      ['no JSON', { status: 200, body: '<html>' }],
      ['an end that is over', { patch: { exp: 1 } }],
      ['an end that never comes', { patch: { exp: 1e18 } }],
      ['an end in words', { patch: { exp: 'tomorrow' } }],
      ['no end', { patch: { exp: null } }],
    ] as const) {
      it(`(${what}): its end is not known, and it is kept`, async () => {
        world.provider.addFault(untold);
        world.provider.addFault({ endpoint: 'introspection', ...fault });
        const suite = publish(introspected);
        const { id } = await add(suite);
        assert.equal(await lifetimeOf(id), null);
        assert.equal(await world.call('ada', id, suite), 200);
      });
    }

    it('not of one that is not active: such a token is not kept at all', async () => {
      world.provider.addFault(untold);
      const body = { active: false };
      const headers = { 'content-type': 'application/json' };
      world.provider.addFault({ endpoint: 'introspection', status: 200, headers, body });
      await refuses('provider_answer_invalid', add(publish(introspected)));
      assert.deepEqual(Object.keys(await world.documents()), []);
      assert.equal(world.provider.counters().revocations, 1);
    });

    it('also of accounts that are connected in a browser; nothing is asked between spending and writing', async () => {
      world.provider.addFault(untold);
      world.publish(({ providers, ...settings }) => {
        const { sandbox } = providers;
        assert.ok(sandbox);
        const life = { ...sandbox.life, introspect: true };
        return { ...settings, providers: { ...providers, sandbox: { ...sandbox, life } } };
      });
      const suite = world.newSuite();
      const { id } = await world.connect('ada', { suite });
      assert.equal(await lifetimeOf(id), lifetimeSeconds);
      expire();
      const asked = () =>
        world.provider.requests().filter(({ url }) => url.includes('introspection')).length;
      const before = asked();
      assert.equal(await world.call('ada', id, suite), 200);
      assert.equal(await lifetimeOf(id), lifetimeSeconds);
      assert.equal(asked(), before);
    });
  });

  it('is not taken by a key that is too short to be one', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const suite = publish({ kind: 'jwt-bearer', clientId: 'machine-account' });
    await refuses('invalid_argument', add(suite, { private_key: pem }), {
      field: 'credentials.private_key',
    });
  });
});
