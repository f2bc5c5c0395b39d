import assert from 'node:assert/strict';
import { apiKeyOf, password } from '../../../sandbox/provider/keys.ts';
import { recordsIn } from '../harness/audit.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { publishProviders } from '../harness/machines.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const me = { path: '/me', account: { subject: 'sub', name: 'name' } };

describe('connecting by a key', function () {
  this.timeout(60_000);

  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const apiCalls = () => world.provider.counters().apiCalls.total;
  const publish = (entries: Readonly<Record<string, object>>) => {
    const apiBaseUrl = `${world.provider.url}/api`;
    const whole = Object.entries(entries).map(([id, entry]) => [
      id,
      { name: id, apiBaseUrl, ...entry },
    ]);
    publishProviders(world, Object.fromEntries(whole));
    return world.newSuite();
  };
  const keyed = {
    kind: 'api-key',
    credential: { headers: { 'x-api-key': '{access_token}' } },
    verify: me,
  };
  const addKey = (suite = publish({ keyed }), key = apiKeyOf('ada')) =>
    suite.add(ada, { provider: 'keyed', credentials: { api_key: key } });
  const echoed = async (suite: World['suite'], id: string, path = '/echo') => {
    const deadlineAt = world.clock.ticks() + 10_000;
    const { body } = await suite.call(ada, id, { method: 'GET', path }, deadlineAt);
    return JSON.parse(new TextDecoder().decode(body));
  };

  it('tries it first, keeps it under the account that the API tells, and calls with it', async () => {
    const suite = publish({ keyed });
    const cost = await world.costOf(async () => {
      const made = await addKey(suite);
      assert.deepEqual(
        [made.status, made.created, made.account],
        ['active', true, { subject: 'ada', name: 'Ada' }],
      );
    });
    assert.deepEqual([cost, apiCalls()], [{ reads: 0, writes: 3 }, 1]);
    const [{ id = '' } = {}] = await suite.list(ada);
    assert.equal((await echoed(suite, id, '/me')).sub, 'ada');
    const { expiresAt, refreshAt, needsReauthAt } = await world.vault(id);
    assert.deepEqual([expiresAt, refreshAt, needsReauthAt], [null, null, null]);
  });

  it('refuses one that the API does not take, before anything is kept', async () => {
    const suite = publish({ keyed });
    await refuses('credentials_refused', addKey(suite, 'no-key-of-anybody'), {});
    const kept = Object.keys(await world.documents()).filter((path) => !/Audit/.test(path));
    assert.deepEqual(kept, []);
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'connect_refused' && record.code === 'credentials_refused');
  });

  it('tries no list of them for anybody: after ten refusals a user waits, and no other does', async () => {
    const suite = publish({ keyed });
    const guesses = Array.from({ length: 30 }, (_, n) => addKey(suite, `guess-${n}`));
    const outcomes = await Promise.all(guesses.map(async (guess) => (await errorOf(guess)).code));
    assert.equal(outcomes.filter((code) => code === 'credentials_refused').length, 10);
    assert.equal(outcomes.filter((code) => code === 'rate_limited').length, 20);
    const before = apiCalls();
    assert.equal(before, 10);
    await refuses('rate_limited', addKey(suite), { retryAfterSeconds: 600 });
    assert.equal(apiCalls(), before);
    const request = { provider: 'keyed', credentials: { api_key: apiKeyOf('grace') } };
    assert.equal((await suite.add({ uid: 'grace' }, request)).status, 'active');
    world.clock.advance(600_000);
    assert.equal((await addKey(suite)).status, 'active');
  });

  for (const [what, fault, code] of [
    ['is down', { status: 503 }, 'unavailable'],
    ['has had enough', { status: 429 }, 'unavailable'],
    ['gives no answer', { drop: 'before' }, 'unavailable'],
    [
      'has moved',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      'provider_answer_invalid',
    ],
    ['knows no such page', { status: 404 }, 'provider_answer_invalid'],
    ['sends 10 MB', { status: 200, body: 'x'.repeat(10_000_000) }, 'unavailable'],
  ] as const) {
    it(`keeps nothing that was not tried, since the API ${what}`, async () => {
      const suite = publish({ keyed });
      world.provider.addFault({ endpoint: 'api', ...fault });
      await refuses(code, addKey(suite));
      assert.deepEqual(Object.keys(await world.documents()), []);
    });
  }

  it('keeps it sealed: in no document, answer, log or error', async () => {
    const marks = createMarks();
    const key = apiKeyOf('a-person-with-a-long-name');
    marks.add('key', key);
    const suite = publish({ keyed });
    const made = await addKey(suite, key);
    const wrong = marks.make('wrong');
    const refused: unknown = await addKey(suite, wrong).catch((e) => e);
    const shown = { ...(await suite.get(ada, made.id)), account: {} };
    const { account: _, ...answered } = made;
    const seen = [everythingOf(answered), everythingOf(refused), everythingOf(shown), ...logged()];
    const documents = JSON.stringify(await world.documents());
    const withoutAccount = documents.replaceAll(/a-person-with-a-long-name/gi, '');
    assert.deepEqual(marks.find([...seen, withoutAccount].join('\n')), []);
  });

  it('that the API refuses later is tried once more, and is then for its user to replace', async () => {
    const suite = publish({ keyed });
    const { id } = await addKey(suite);
    world.provider.addFault({ endpoint: 'api', status: 401, times: 1_000 });
    const before = apiCalls();
    await refuses('needs_reauth', world.call('ada', id, suite), { reason: 'revoked' });
    assert.equal(apiCalls() - before, 2);
    for (let n = 0; n < 5; n += 1) await refuses('needs_reauth', world.call('ada', id, suite));
    assert.equal(apiCalls() - before, 2);
    world.provider.clearFaults();
    const request = { provider: 'keyed', credentials: { api_key: apiKeyOf('ada') } };
    const healed = await suite.add(ada, { ...request, connectionId: id });
    assert.deepEqual([healed.id, healed.status], [id, 'active']);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('that is good for some things only stays: its 401 is the answer, and costs no loop', async () => {
    const suite = publish({ keyed });
    const { id } = await addKey(suite);
    const before = apiCalls();
    const deadlineAt = world.clock.ticks() + 10_000;
    for (let n = 0; n < 5; n += 1) {
      const request = { method: 'GET', path: '/status/401' };
      assert.equal((await suite.call(ada, id, request, deadlineAt)).status, 401);
    }
    // Five calls, and one look whether the key is good.
    assert.equal(apiCalls() - before, 6);
    assert.equal((await world.vault(id)).status, 'active');
  });

  it('is not healed by the key of another account, nor by another user', async () => {
    const suite = publish({ keyed });
    const { id } = await addKey(suite);
    const before = await world.vault(id);
    const credentials = { api_key: apiKeyOf('eve') };
    const request = { provider: 'keyed', credentials, connectionId: id };
    await refuses('account_mismatch', suite.add(ada, request));
    await refuses('connection_not_found', suite.add({ uid: 'eve' }, request));
    assert.deepEqual(await world.vault(id), before);
  });

  it('is deleted by a disconnect; there is nobody to tell, and nothing is left to be told', async () => {
    const suite = publish({ keyed });
    const { id } = await addKey(suite);
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: false });
    assert.deepEqual(Object.keys(await world.documents()), []);
    assert.deepEqual(world.tasks, []);
  });

  it('goes into several headers, or an address, as the data says; public parts are not hidden', async () => {
    const suite = publish({
      several: {
        kind: 'api-key',
        fields: [
          { name: 'key', label: 'Key' },
          { name: 'application_key', label: 'Application key' },
          { name: 'site', label: 'Site', secret: false, pattern: '[a-z]+' },
        ],
        credential: {
          headers: {
            'x-key': '{key}',
            'x-application-key': 'App {application_key}',
            'x-site': '{site}',
          },
        },
      },
    });
    const credentials = {
      key: 'first-secret',
      application_key: 'second-secret',
      site: 'frankfurt',
    };
    const { id } = await suite.add(ada, { provider: 'several', credentials });
    const { headers } = await echoed(suite, id);
    // The API has seen them, and its caller sees that it has.
    assert.deepEqual(
      [headers['x-key'], headers['x-application-key'], headers['x-site']],
      ['*'.repeat(12), `App ${'*'.repeat(13)}`, 'frankfurt'],
    );
    const wrong = { ...credentials, site: 'frankfurt.evil.example/' };
    const work = suite.add(ada, { provider: 'several', credentials: wrong });
    await refuses('invalid_argument', work, { field: 'credentials.site' });
  });

  it('leads to the hosts that the settings name, whatever a user gives for his own', async () => {
    const { url } = world.provider;
    const suite = publish({
      hosted: {
        ...keyed,
        fields: [
          { name: 'api_key', label: 'Key' },
          { name: 'site', label: 'Site', secret: false },
        ],
        apiBaseUrl: '{site}/api',
        apiHosts: ['*.example.com'],
      },
    });
    const add = (site: string) =>
      suite.add(ada, { provider: 'hosted', credentials: { api_key: apiKeyOf('ada'), site } });
    assert.equal((await add(url)).status, 'active');
    for (const site of [
      'https://evil.example',
      'https://example.com',
      'https://a.example.com@evil.example',
      'https://evil.example/a.example.com',
      'https://a.example.com.evil.example',
      'https://a.example.com:444',
      'http://a.example.com',
      'https://169.254.169.254',
      'javascript:alert(1)//',
    ]) {
      await refuses('invalid_argument', add(site), { field: 'credentials' });
    }
  });

  describe('that is a name and a password', () => {
    const basic = { kind: 'basic', verify: { path: '/me' } };
    const addPair = (suite: World['suite'], credentials: object) =>
      suite.add(ada, { provider: 'basic', credentials: { ...credentials } });

    it('is sent as Basic, and is known by the name', async () => {
      const suite = publish({ basic });
      const made = await addPair(suite, { username: 'ada', password });
      assert.deepEqual([made.status, made.account], ['active', { subject: 'ada' }]);
      assert.equal((await echoed(suite, made.id, '/me')).sub, 'ada');
      await refuses('credentials_refused', addPair(suite, { username: 'ada', password: 'wrong' }));
    });

    it('takes other alphabets, and no colon in the name', async () => {
      const { verify: _, ...untried } = basic;
      const suite = publish({ basic: untried });
      const { id } = await addPair(suite, { username: 'Müller', password: 'Passwört: 日本' });
      assert.equal((await echoed(suite, id)).authorization.scheme, 'Basic');
      const work = addPair(suite, { username: 'a:b', password: 'x' });
      await refuses('invalid_argument', work);
    });

    it('may be made of other fields; a name that is a secret is shown to nobody', async () => {
      const suite = publish({
        basic: {
          kind: 'basic',
          fields: [{ name: 'secret_key', label: 'Secret key' }],
          username: '{secret_key}',
          password: '',
        },
      });
      const marks = createMarks();
      const made = await addPair(suite, {
        secret_key: marks
          .make('key')
          .replace(/\P{ASCII}/gu, '')
          .replaceAll(':', ''),
      });
      assert.deepEqual(made.account, {});
      assert.deepEqual(marks.find(JSON.stringify(await world.documents())), []);
      assert.equal((await echoed(suite, made.id)).authorization.scheme, 'Basic');
    });
  });
});
