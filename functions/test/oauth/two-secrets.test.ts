import assert from 'node:assert/strict';
import { createAuthentication } from '../../src/oauth/client-authentication.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import { createWorld, type World } from '../harness/world.ts';
import { partyAnswering } from './parties.ts';

const { provider } = partyAnswering(() => assert.fail('nothing is to be sent'));
const withSecrets = (...clientSecrets: string[]) =>
  ({ ...provider, clientAuthentication: 'client_secret_post', clientSecrets }) as const;

/** Which secrets are asked with, where the provider knows those. */
function conversation(known: readonly string[]) {
  const authenticate = createAuthentication();
  const asked: string[] = [];
  const ask = (secrets: readonly string[], mayAskAgain?: () => boolean) =>
    authenticate(withSecrets(...secrets))(async (clientAuth) => {
      const body = new URLSearchParams();
      await clientAuth({ issuer: 'https://one.example' }, { client_id: 'c' }, body, new Headers());
      const secret = body.get('client_secret') ?? '';
      asked.push(secret);
      if (!known.includes(secret)) throw new OAuthFailure('operator', 'invalid_client');
      return secret;
    }, mayAskAgain);
  return { ask, asked };
}
const refused = { name: 'OAuthFailure', kind: 'operator', providerError: 'invalid_client' };

describe('a client with two secrets', () => {
  it('asks with the first alone while it works', async () => {
    const { ask, asked } = conversation(['new', 'old']);
    await ask(['new', 'old']);
    await ask(['new', 'old']);
    assert.deepEqual(asked, ['new', 'new']);
  });

  it('asks once more with the other on invalid_client, and from then on with it first', async () => {
    const { ask, asked } = conversation(['old']);
    assert.equal(await ask(['new', 'old']), 'old');
    assert.equal(await ask(['new', 'old']), 'old');
    assert.deepEqual(asked, ['new', 'old', 'old']);
  });

  it('finds the way back when the other stops working', async () => {
    const known = ['old'];
    const { ask, asked } = conversation(known);
    await ask(['new', 'old']);
    known[0] = 'new';
    assert.equal(await ask(['new', 'old']), 'new');
    assert.equal(await ask(['new', 'old']), 'new');
    assert.deepEqual(asked, ['new', 'old', 'old', 'new', 'new']);
  });

  it('asks twice at most, and says invalid_client where neither works', async () => {
    const { ask, asked } = conversation([]);
    await assert.rejects(ask(['new', 'old']), refused);
    await assert.rejects(ask(['new', 'old']), refused);
    assert.deepEqual(asked, ['new', 'old', 'new', 'old']);
  });

  it('asks once where there is one secret only', async () => {
    const { ask, asked } = conversation([]);
    await assert.rejects(ask(['new']), refused);
    assert.deepEqual(asked, ['new']);
  });

  it('asks again after no other failure', async () => {
    const failures = [
      new OAuthFailure('user', 'invalid_grant'),
      new OAuthFailure('user', 'invalid_client'),
      new OAuthFailure('operator', 'unauthorized_client'),
      new OAuthFailure('transient', 'invalid_client'),
      new OAuthFailure('uncertain'),
      new OAuthFailure('invalid'),
    ];
    for (const failure of failures) {
      let requests = 0;
      const authenticated = createAuthentication()(withSecrets('new', 'old'));
      const asking = authenticated(async () => {
        requests += 1;
        throw failure;
      });
      await assert.rejects(asking, failure);
      assert.equal(requests, 1, failure.message);
    }
  });

  it('says what became of the second request', async () => {
    const authenticated = createAuthentication()(withSecrets('new', 'old'));
    const answers = [new OAuthFailure('operator', 'invalid_client'), new OAuthFailure('uncertain')];
    await assert.rejects(
      authenticated(async () => {
        throw answers.shift();
      }),
      { kind: 'uncertain' },
    );
  });

  it('does not ask again without the time for it: it begins with the other one next time', async () => {
    const { ask, asked } = conversation(['old']);
    await assert.rejects(
      ask(['new', 'old'], () => false),
      { kind: 'transient' },
    );
    assert.equal(await ask(['new', 'old'], () => false), 'old');
    assert.deepEqual(asked, ['new', 'old']);
  });

  it('forgets which one worked once it is no longer in the settings', async () => {
    const { ask, asked } = conversation(['old', 'newest']);
    await ask(['new', 'old']);
    await ask(['newest', 'new']);
    assert.deepEqual(asked, ['new', 'old', 'newest']);
  });
});

describe('while a client secret is being replaced', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  /** The settings name a secret that the provider does not know yet, and the one it knows. */
  const replaceSecret = (settings: Settings): Settings => {
    const { sandbox, 'sandbox-oauth2': oauth2 } = settings.providers;
    assert.ok(sandbox?.kind === 'oidc' && oauth2?.kind === 'oauth2');
    const clientSecrets = ['not-known-there-yet', ...sandbox.clientSecrets];
    const providers = {
      ...settings.providers,
      // Pushed, the authorization request would find out first.
      sandbox: { ...sandbox, clientSecrets, par: 'never' as const },
      'sandbox-oauth2': { ...oauth2, clientSecrets },
    };
    return { ...settings, providers };
  };
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const called = async (id: string, suite = world.suite) => {
    const before = tokenRequests();
    assert.equal(await world.call('ada', id, suite), 200);
    return tokenRequests() - before;
  };
  const expire = () => world.clock.advance(3_600_000);

  for (const provider of ['sandbox', 'sandbox-oauth2']) {
    it(`${provider}: accounts are connected, refreshed and revoked, by one request more per instance`, async () => {
      world.publish(replaceSecret);
      const suite = world.newSuite();
      const { id } = await world.connect('ada', { suite, provider });
      assert.equal(tokenRequests(), 2);
      expire();
      assert.equal(await called(id, suite), 1);
      expire();
      const other = world.newSuite();
      assert.equal(await called(id, other), 2);
      expire();
      assert.equal(await called(id, other), 1);
      const third = world.newSuite();
      const before = world.provider.counters().revocations;
      assert.deepEqual(await third.disconnect({ uid: 'ada' }, id), { revoked: true });
      assert.ok(world.provider.grants().every(({ status }) => status === 'revoked'));
      assert.equal(world.provider.counters().revocations - before, 3);
    });
  }

  it('a refresh does not ask again where its lease might not outlive the answer; the next one begins with the other secret', async () => {
    const { id } = await world.connect('ada');
    world.publish(replaceSecret);
    expire();
    const before = tokenRequests();
    // The first answer takes more than the lease has to spare.
    const slowMs = 6_000;
    const late = () => (tokenRequests() > before ? slowMs : 0);
    const clock: Clock = {
      ...world.clock,
      now: () => world.clock.now() + late(),
      ticks: () => world.clock.ticks() + late(),
    };
    const suite = world.newSuite({ clock });
    const request = { method: 'GET', path: '/me' };
    const deadlineAt = clock.now() + slowMs + 200;
    await assert.rejects(suite.call({ uid: 'ada' }, id, request, deadlineAt), {
      code: 'unavailable',
    });
    assert.equal(tokenRequests() - before, 1);
    assert.equal((await world.vault(id)).status, 'active');
    assert.equal(await called(id, suite), 1);
  });
});
