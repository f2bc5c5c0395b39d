import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parseSettings } from '../../src/providers/settings.ts';
import { holdCommit } from '../harness/commits.ts';
import { refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { tokenSetIn, tokensOf } from '../harness/tokens.ts';
import { createWorld, type World } from '../harness/world.ts';

const providerId = 'oidc.sandbox';
const signInScopes = ['openid', 'profile', 'email', 'offline_access'];
/** How long the sign-ins of a slow machine may take, where that is not what is tested. */
const patienceMs = 30_000;
/** As long as Firebase waits for a blocking function. */
const firebaseWaitsMs = 7_000;

/** An event of `beforeUserSignedIn`, as firebase-functions makes it of Firebase's. */
function signIn(uid: string, subject: string, tokens: object, change: object = {}) {
  return {
    eventId: randomUUID(),
    eventType: 'providers/cloud.auth/eventTypes/user.beforeSignIn:oidc.sandbox',
    data: { uid, disabled: false, providerData: [{ providerId, uid: subject }] },
    additionalUserInfo: { providerId, profile: { sub: subject, name: 'Ada' }, isNewUser: false },
    credential: {
      providerId,
      signInMethod: providerId,
      ...tokens,
      expirationTime: new Date(Date.now() + 300_000).toUTCString(),
    },
    ...change,
  };
}

describe('the tokens of a sign-in with Firebase', function () {
  this.timeout(60_000);
  let world: World;
  let suite: World['suite'];
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    suite = suiteOf(signInScopes);
  });
  afterEach(() => world.meter.setIntercept(undefined));

  /** A suite whose provider takes the sign-ins of `oidc.sandbox`, which ask for these scopes. */
  const suiteOf = (scopes: readonly string[]) => {
    world.publish(({ providers, ...rest }) => {
      const { sandbox } = providers;
      assert.ok(sandbox?.kind === 'oidc');
      const signIn = { providerId, scopes: [...scopes] };
      return { ...rest, providers: { ...providers, sandbox: { ...sandbox, signIn } } };
    });
    return world.newSuite({ seedingMs: patienceMs });
  };
  /** Tokens that the provider gave for that account, as a sign-in through Firebase would get them. */
  const given = (account: string) => tokensOf(world, account);
  const connectionsOf = (uid: string) => suite.list({ uid });
  const only = async (uid: string) => {
    const [first, ...others] = await connectionsOf(uid);
    assert.ok(first && others.length === 0, 'there is not exactly one');
    return first;
  };

  it('become a connection that works, and is refreshed like any other', async () => {
    await suite.seed(signIn('ada', 'ada-at-google', await given('ada-at-google')));
    const { id, status, account, scopes } = await only('ada');
    assert.equal(status, 'active');
    // As its ID token says, which counts for more than the event's own words.
    const { subject, name } = account;
    assert.deepEqual([subject, name], ['ada-at-google', 'Ada-at-google']);
    assert.deepEqual([...scopes].sort(), [...signInScopes].sort());
    assert.equal(await world.call('ada', id, suite), 200);
    world.clock.advance(301_000);
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal((await world.vault(id)).generation, 2);
  });

  it('make one connection, however often and at how many places at once he signs in', async () => {
    const tokens = await given('ada');
    const another = () => world.newSuite({ seedingMs: patienceMs });
    const suites = [suite, another(), another()];
    await Promise.all(suites.map((one) => one.seed(signIn('ada', 'ada', tokens))));
    await suite.seed(signIn('ada', 'ada', tokens));
    const { id } = await only('ada');
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('cost two reads and no write where they are worth no more than what is there', async () => {
    const { refreshToken, ...withoutRefresh } = await given('ada');
    await suite.seed(signIn('ada', 'ada', { ...withoutRefresh, refreshToken }));
    const { id } = await only('ada');
    // Google gives a refresh token at the first consent only.
    const cost = await world.costOf(() => suite.seed(signIn('ada', 'ada', withoutRefresh)));
    assert.deepEqual(cost, { reads: 2, writes: 0 });
    world.clock.advance(301_000);
    assert.equal(await world.call('ada', id, suite), 200, 'the refresh token is gone');
  });

  it('take nothing away from what the user consented to when he connected', async () => {
    const connected = await world.connect('ada', { suite });
    const narrow = suiteOf(['openid']);
    await narrow.seed(signIn('ada', 'ada', await given('ada')));
    const { id, scopes } = await only('ada');
    assert.deepEqual([id, [...scopes]], [connected.id, [...connected.scopes]]);
    assert.equal((await world.vault(id)).generation, 1);
  });

  it('heal the connection that needs its user', async () => {
    const { id } = await world.connect('ada', { suite });
    world.provider.revokeGrants();
    world.clock.advance(301_000);
    await refuses('needs_reauth', world.call('ada', id, suite));
    await suite.seed(signIn('ada', 'ada', await given('ada')));
    assert.equal((await only('ada')).id, id);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('replace those that cannot renew themselves: the newest live longest', async () => {
    const { accessToken } = await given('ada');
    await suite.seed(signIn('ada', 'ada', { accessToken }));
    const { id } = await only('ada');
    await suite.seed(signIn('ada', 'ada', { accessToken: (await given('ada')).accessToken }));
    assert.equal((await only('ada')).id, id);
    assert.equal((await world.vault(id)).generation, 2);
    await suite.seed(signIn('ada', 'ada', await given('ada')));
    assert.ok((await tokenSetIn(world, id)).refreshToken);
  });

  it('end the pause of a user who signs in again', async () => {
    const { id } = await world.connect('ada', { suite });
    await suite.pause('ada', 'signed_out');
    await suite.seed(signIn('ada', 'ada', await given('ada')));
    assert.equal((await only('ada')).status, 'active');
    assert.equal(await world.call('ada', id, suite), 200);
  });

  const tokens = { accessToken: 'a token', refreshToken: 'another' };
  const nothing: Readonly<Record<string, unknown>> = {
    'a sign-in by password': signIn('ada', 'ada', tokens, { credential: undefined }),
    'a sign-in that forwards no access token': signIn('ada', 'ada', { refreshToken: 'another' }),
    'a provider that the settings do not name': signIn('ada', 'ada', tokens, {
      credential: { ...tokens, providerId: 'github.com', signInMethod: 'github.com' },
    }),
    'a token of OAuth 1': signIn('ada', 'ada', { ...tokens, secret: 'its secret' }),
    'an account that nobody names': signIn('ada', 'ada', tokens, {
      data: { uid: 'ada', disabled: false, providerData: [] },
      additionalUserInfo: undefined,
    }),
    "a tenant's user, who may have the uid of another": signIn('ada', 'ada', tokens, {
      data: { uid: 'ada', tenantId: 'tenant-1', providerData: [{ providerId, uid: 'ada' }] },
    }),
    'a disabled user': signIn('ada', 'ada', tokens, {
      data: { uid: 'ada', disabled: true, providerData: [{ providerId, uid: 'ada' }] },
    }),
    'no user': signIn('ada', 'ada', tokens, { data: undefined }),
    'no event': undefined,
    'an event of another shape': { data: { uid: 7 }, credential: 'none' },
  };
  for (const [what, event] of Object.entries(nothing)) {
    it(`are let go without a word, and the sign-in goes on: ${what}`, async () => {
      await suite.seed(event);
      assert.deepEqual(Object.keys(await world.documents()), []);
      assert.deepEqual(world.tasks, []);
    });
  }

  it('hold no sign-in up where Firestore does: a task keeps them, sealed, and once', async () => {
    const tokens = await given('ada');
    // The real limit, in an instance that has its settings and its key.
    const instance = world.newSuite();
    await instance.listProviders();
    const held = holdCommit(world.meter, 'connection');
    const began = Date.now();
    await instance.seed(signIn('ada', 'ada', tokens));
    assert.ok(Date.now() - began < firebaseWaitsMs, 'Firebase would have ended the sign-in.');
    assert.deepEqual(
      world.tasks.map(({ queue }) => queue),
      ['keepSignIn'],
    );
    const handed = JSON.stringify(world.tasks);
    for (const token of Object.values(tokens)) assert.ok(!handed.includes(token));
    held.release();
    await world.runTasks({ suite: world.newSuite(), twice: true });
    const { id } = await only('ada');
    assert.equal((await world.vault(id)).generation, 1);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('open for nobody else where a task is tampered with', async () => {
    const tokens = await given('ada');
    const held = holdCommit(world.meter, 'connection');
    await world.newSuite({ seedingMs: 4_000 }).seed(signIn('ada', 'ada', tokens));
    const [task] = world.tasks;
    assert.ok(task);
    held.release();
    const { id, sealed } = Object(task.data);
    await refuses('sealed_value_rejected', suite.seedLater({ uid: 'eve', id, sealed }));
    await refuses('sealed_value_rejected', suite.seedLater({ uid: 'ada', id: 'x', sealed }));
    assert.deepEqual(await connectionsOf('eve'), []);
  });

  it('fail no sign-in, whatever fails: no secrets to be had, no task queue, no Firestore', async () => {
    const tokens = await given('ada');
    world.secretManager.setUnavailable(true);
    await world.newSuite({ seedingMs: 1_000 }).seed(signIn('ada', 'ada', tokens));
    world.secretManager.setUnavailable(false);
    world.meter.setIntercept(() => ({ drop: 'before' }));
    const enqueue = async () => {
      throw new Error('There is no such queue.');
    };
    await world.newSuite({ enqueue, seedingMs: 1_000 }).seed(signIn('ada', 'ada', tokens));
    world.meter.setIntercept(undefined);
    assert.deepEqual(await connectionsOf('ada'), []);
    const log = logged().join('');
    assert.match(log, /sign-in could not be kept/);
    for (const token of Object.values(tokens)) assert.ok(!log.includes(token));
  });
});

describe('the sign-in of a provider, in the settings', () => {
  const settings = (change: (providers: Record<string, object>) => void): Uint8Array => {
    const provider = {
      kind: 'oidc',
      name: 'Acme',
      issuer: 'https://acme.example',
      clientId: 'c',
      clientSecrets: ['s'],
      apiBaseUrl: 'https://api.acme.example',
    };
    const providers = { one: { ...provider }, two: { ...provider } };
    change(providers);
    const app = {
      redirectUri: 'https://app.example/oauth/callback',
      returnTo: ['https://app.example/'],
    };
    return Buffer.from(JSON.stringify({ app, providers }));
  };
  const signInOf = (providerId: string) => ({ signIn: { providerId } });

  it('is of one provider only: nobody could say whose the tokens are', () => {
    const both = settings((providers) => {
      Object.assign(providers['one'] ?? {}, signInOf('google.com'));
      Object.assign(providers['two'] ?? {}, signInOf('google.com'));
    });
    assert.throws(() => parseSettings(both, false), {
      code: 'settings_invalid',
      message: /providers\.one\.signIn\.providerId/,
    });
    const each = settings((providers) => {
      Object.assign(providers['one'] ?? {}, signInOf('google.com'));
      Object.assign(providers['two'] ?? {}, signInOf('oidc.acme'));
    });
    assert.ok(parseSettings(each, false));
  });

  it('is named as Firebase names it', () => {
    const wrong = settings((providers) => {
      Object.assign(providers['one'] ?? {}, signInOf('https://accounts.google.com'));
    });
    assert.throws(() => parseSettings(wrong, false), { code: 'settings_invalid' });
  });
});
