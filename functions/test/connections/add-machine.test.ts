import assert from 'node:assert/strict';
import { recordsIn } from '../harness/audit.ts';
import { holdCommit } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { machineClients, machineSecret, publishProviders, serverOf } from '../harness/machines.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const own = { client_id: 'machine', client_secret: machineSecret };
const lifetimeSeconds = 300;

describe("connecting by a client of the user's own", function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld({ extraClients: machineClients([]) });
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const publish = (entry: object = {}) => {
    publishProviders(world, {
      machines: { kind: 'client-credentials', ...serverOf(world), ...entry },
    });
    return world.newSuite();
  };
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const add = async (suite = publish(), credentials = own) =>
    suite.add(ada, { provider: 'machines', credentials });
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);

  it('gives a connection of its own, whose account is that client, by one token request', async () => {
    const suite = publish({ scopes: ['openid'] });
    const cost = await world.costOf(async () => {
      const made = await add(suite);
      assert.deepEqual(
        [made.provider, made.status, made.created, made.account, made.scopes],
        ['machines', 'active', true, { subject: 'machine' }, ['openid']],
      );
      assert.equal(tokenRequests(), 1);
    });
    assert.deepEqual(cost, { reads: 0, writes: 3 });
    const [{ id = '' } = {}] = await suite.list(ada);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('tells what to ask a user for', async () => {
    const listed = await publish().listProviders();
    const { credentials, fields } = listed.find(({ id }) => id === 'machines') ?? {};
    assert.equal(credentials, 'client_credentials');
    assert.deepEqual(
      fields?.map(({ name, secret }) => [name, secret]),
      [
        ['client_id', false],
        ['client_secret', true],
      ],
    );
    assert.equal(listed.find(({ id }) => id === 'sandbox')?.fields, undefined);
  });

  it('keeps the secret sealed, and shows it in no document, answer, log or error', async () => {
    const marks = createMarks();
    marks.add('secret', machineSecret);
    const suite = publish();
    const made = await add(suite);
    const wrong = marks.make('wrong secret');
    const refused: unknown = await add(suite, { ...own, client_secret: wrong }).catch((e) => e);
    const seen = [
      everythingOf(made),
      everythingOf(refused),
      JSON.stringify(await world.documents()),
      ...logged(),
      ...world.provider.requests().map(({ url }) => url),
    ];
    assert.deepEqual(marks.find(seen.join('\n')), []);
  });

  for (const [what, credentials] of [
    ['a wrong secret', { ...own, client_secret: 'another' }],
    ['a client that there is not', { ...own, client_id: 'nobody' }],
  ] as const) {
    it(`refuses ${what} before anything is kept, and blames the user, not the team`, async () => {
      const suite = publish();
      await refuses('credentials_refused', add(suite, credentials), {
        providerError: 'invalid_client',
      });
      const kept = Object.keys(await world.documents()).filter((path) => !/Audit/.test(path));
      assert.deepEqual(kept, []);
      const [record] = await recordsIn(world, 'ada');
      assert.ok(record?.type === 'connect_refused' && record.code === 'credentials_refused');
      // No circuit: others are connected meanwhile.
      assert.equal((await add(suite)).status, 'active');
    });
  }

  for (const [field, credentials] of [
    ['credentials', { ...own, other: 'x' }],
    ['credentials.client_secret', { client_id: 'machine' }],
    ['credentials.client_secret', { ...own, client_secret: '' }],
    ['credentials.client_secret', { ...own, client_secret: 'with a line\nbreak' }],
    ['credentials.client_secret', { ...own, client_secret: ' copied ' }],
    ['credentials.client_secret', { ...own, client_secret: 'x'.repeat(8_193) }],
    ['credentials.client_id', { client_secret: 'x', client_id: { sub: 'x' } }],
    ['credentials', { client_secret: 'x', ['__proto__']: { client_id: 'x' } }],
  ] as const) {
    it(`asks nobody where ${field} is not of its form: ${JSON.stringify(credentials).slice(0, 60)}`, async () => {
      const work = publish().add(ada, { provider: 'machines', credentials });
      await refuses('invalid_argument', work, { field });
      assert.equal(tokenRequests(), 0);
    });
  }

  it('is for providers that take credentials, and they are for nothing else', async () => {
    const suite = publish();
    const field = { field: 'provider' };
    await refuses('invalid_argument', suite.add(ada, { provider: 'sandbox' }), field);
    await refuses('invalid_argument', suite.begin(ada, { provider: 'machines' }), field);
    const scopes = ['not-offered'];
    const asked = suite.add(ada, { provider: 'machines', credentials: own, scopes });
    await refuses('scope_not_offered', asked);
  });

  it('knows the account again: no second connection, and the newest secret is the one that counts', async () => {
    const suite = publish();
    const first = await add(suite);
    const second = await add(suite);
    assert.deepEqual([second.id, second.created], [first.id, false]);
    assert.equal((await suite.list(ada)).length, 1);
  });

  it("does not touch another user's connection, whoever names it", async () => {
    const suite = publish();
    const { id } = await add(suite);
    const before = await world.vault(id);
    const planted = { provider: 'machines', credentials: own, connectionId: id };
    await refuses('connection_not_found', suite.add({ uid: 'eve' }, planted));
    assert.deepEqual(await world.vault(id), before);
  });

  it('is not healed by the client of somebody else', async () => {
    const suite = publish();
    const { id } = await add(suite);
    const before = await world.vault(id);
    const posted = { client_id: 'strongroom-service', client_secret: 'sandbox' };
    const request = { provider: 'machines', credentials: posted, connectionId: id };
    await refuses('account_mismatch', suite.add(ada, request));
    assert.deepEqual(await world.vault(id), before);
  });

  describe('and asking anew', () => {
    it('50 callers of a token that is over are one token request', async () => {
      const { id } = await add();
      expire();
      world.provider.resetCounters();
      const suites = [world.newSuite(), world.newSuite(), world.newSuite()];
      const calls = Array.from({ length: 50 }, (_, n) => world.call('ada', id, suites[n % 3]));
      assert.deepEqual([...new Set(await Promise.all(calls))], [200]);
      assert.equal(tokenRequests(), 1);
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('rotation has a new one ready before the old one is over', async () => {
      const { id } = await add();
      world.clock.advance((lifetimeSeconds - 60) * 1_000);
      await world.suite.rotate();
      await world.runTasks();
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('after a 401 the call is made once more with a new token', async () => {
      const { id } = await add();
      world.provider.expireAccessTokens();
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
    });

    it('an answer that is lost is asked for again: nothing was spent', async () => {
      const { id } = await add();
      expire();
      world.provider.resetCounters();
      world.provider.addFault({ endpoint: 'token', drop: 'after' });
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 2);
    });

    it('a holder that was killed after the answer costs one request more, and no grant', async () => {
      const { id } = await add();
      expire();
      world.provider.resetCounters();
      const held = holdCommit(world.meter, 'refresh');
      const killed = world.call('ada', id, world.newSuite());
      await held.reached;
      world.clock.advance(60_000);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      assert.equal(tokenRequests(), 2);
      assert.equal((await world.vault(id)).status, 'active');
      // What comes late does not replace what is newer.
      held.release();
      await refuses('deadline_exceeded', killed);
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('a secret that was taken back at the provider is for the user to mend, and he does: the same id', async () => {
      const { id } = await add();
      expire();
      const refusal = { status: 401, body: { error: 'invalid_client' } };
      world.provider.addFault({ endpoint: 'token', ...refusal, times: 1_000 });
      world.provider.resetCounters();
      for (let n = 0; n < 5; n += 1) {
        await refuses('needs_reauth', world.call('ada', id, world.newSuite()), {
          reason: 'revoked',
        });
      }
      assert.equal(tokenRequests(), 1);
      world.provider.clearFaults();
      const suite = world.newSuite();
      const request = { provider: 'machines', credentials: own, connectionId: id };
      const healed = await suite.add(ada, request);
      assert.deepEqual([healed.id, healed.status, healed.created], [id, 'active', false]);
      assert.equal(await world.call('ada', id, suite), 200);
    });

    it('a provider that is down is nobody to blame for: the old secret stays in force', async () => {
      const { id } = await add();
      expire();
      world.provider.addFault({ endpoint: 'token', status: 503, times: 1_000 });
      const work = world.suite.call(
        ada,
        id,
        { method: 'GET', path: '/me' },
        world.clock.ticks() + 100,
      );
      await refuses('unavailable', work);
      world.provider.clearFaults();
      world.clock.advance(60_000);
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
    });
  });

  describe('and an answer that cannot be used', () => {
    for (const [what, fault] of [
      ['a token of another type', { patch: { token_type: 'mac' } }],
      ['a token that no header takes', { patch: { access_token: 'a\nb' } }],
      ['no token', { patch: { access_token: null } }],
      ['no JSON', { status: 200, body: '<html>' }],
      ['10 MB', { status: 200, body: 'x'.repeat(10_000_000) }],
      ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ] as const) {
      it(`(${what}) keeps nothing`, async () => {
        const suite = publish();
        world.provider.addFault({ endpoint: 'token', ...fault });
        const code = /10 MB/.test(what) ? 'unavailable' : 'provider_answer_invalid';
        await refuses(code, add(suite));
        assert.deepEqual(Object.keys(await world.documents()), []);
      });
    }

    it('a refresh token beside it is of no use, and is not kept', async () => {
      world.provider.addFault({ endpoint: 'token', patch: { refresh_token: 'x'.repeat(40) } });
      const { id } = await add();
      expire();
      assert.equal(await world.call('ada', id, world.newSuite()), 200);
      const { byGrantType } = world.provider.counters().tokenRequests;
      assert.deepEqual(byGrantType, { client_credentials: 2 });
    });
  });

  it('is ended by revoking the token, by the client itself', async () => {
    const suite = publish();
    const { id } = await add(suite);
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    assert.equal(world.provider.counters().revocations, 1);
  });

  it('is ended also where the provider is down: the task has the secret, sealed', async () => {
    const suite = publish();
    const { id } = await add(suite);
    world.provider.addFault({ endpoint: 'revocation', status: 503 });
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: false, pending: true });
    const marks = createMarks();
    marks.add('secret', machineSecret);
    assert.deepEqual(marks.find(JSON.stringify(world.tasks)), []);
    await world.runTasks({ suite });
    assert.equal(world.provider.counters().revocations, 2);
    assert.deepEqual(world.tasks, []);
  });
});

describe("connecting by a client of the app's", function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld({ extraClients: machineClients([]) });
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const publish = (entry: object = {}) => {
    publishProviders(world, {
      machines: {
        kind: 'client-credentials',
        ...serverOf(world),
        clientId: 'machine',
        clientSecrets: [machineSecret],
        ...entry,
      },
    });
    return world.newSuite();
  };

  it('needs nothing of the user, and is asked for anew with what the settings have by then', async () => {
    const suite = publish();
    const { id } = await suite.add(ada, { provider: 'machines' });
    assert.equal(await world.call('ada', id, suite), 200);
    publish({
      clientId: 'machine-post',
      clientAuthentication: 'client_secret_post',
    });
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    assert.equal(await world.call('ada', id, world.newSuite()), 200);
    const { byClient } = world.provider.counters().tokenRequests;
    assert.deepEqual(byClient, { machine: 1, 'machine-post': 1 });
  });

  it('takes nothing of the user either', async () => {
    const work = publish().add(ada, { provider: 'machines', credentials: own });
    await refuses('invalid_argument', work, { field: 'credentials' });
  });

  it('blames the team where the provider refuses it, and leaves every connection as it is', async () => {
    const suite = publish();
    const { id } = await suite.add(ada, { provider: 'machines' });
    publish({ clientSecrets: ['another'] });
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    await refuses('provider_misconfigured', world.call('ada', id, world.newSuite()), {
      providerError: 'invalid_client',
    });
    assert.equal((await world.vault(id)).status, 'active');
    await refuses(
      'provider_misconfigured',
      world.newSuite().add({ uid: 'bob' }, { provider: 'machines' }),
    );
  });

  it('asks its user for his own where the settings have none any more', async () => {
    const suite = publish();
    const { id } = await suite.add(ada, { provider: 'machines' });
    publishProviders(world, { machines: { kind: 'client-credentials', ...serverOf(world) } });
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    await refuses('needs_reauth', world.call('ada', id, world.newSuite()), {
      reason: 'no_refresh_token',
    });
    const request = { provider: 'machines', credentials: own, connectionId: id };
    assert.equal((await world.newSuite().add(ada, request)).status, 'active');
  });
});
