import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { listen } from '../../../sandbox/http/local-server.ts';
import type { Fault } from '../../../sandbox/provider/faults.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import type { Suite } from '../../src/suite.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';
import { idTokenWith } from '../oauth/parties.ts';

const lifetimeSeconds = 300;
const timeoutMs = 1_000;

type Life = Settings['providers'][string]['life'];

describe("the token endpoint's answer to a refresh", () => {
  let world: World;
  let suite: Suite;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    suite = world.newSuite({ providerTimeoutMs: timeoutMs });
  });

  /** Other facts about the provider, for this test's suite. */
  const publish = (change: object, life: Partial<Life> = {}) => {
    world.publish(({ app, providers, ...rest }) => ({
      ...rest,
      app,
      providers: Object.fromEntries(
        Object.entries(providers).map(([id, provider]) => [
          id,
          { ...provider, ...change, life: { ...provider.life, ...life } },
        ]),
      ),
    }));
    suite = world.newSuite({ providerTimeoutMs: timeoutMs });
  };
  /** Refresh tokens are not spent by their use. */
  const withoutRotation = () => {
    world.provider.updateSettings({ rotation: 'none' });
    publish({}, { rotation: 'none' });
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);
  /** A connection whose next call refreshes, and what goes wrong with that. */
  const connectExpired = async (fault?: Omit<Fault, 'endpoint'>) => {
    const { id } = await world.connect('ada', { suite });
    expire();
    world.provider.resetCounters();
    if (fault !== undefined) world.provider.addFault({ endpoint: 'token', ...fault });
    return id;
  };
  const call = (id: string, chosen = suite) => world.call('ada', id, chosen);
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const statusOf = async (id: string) => {
    const status = await world.store.readStatus('ada', id);
    assert.ok(status);
    return status;
  };
  const assertActive = async (id: string, generation: number) => {
    const vault = await world.vault(id);
    assert.deepEqual([vault.status, vault.generation], ['active', generation]);
    assert.equal((await statusOf(id)).status, 'active');
  };
  /** The newest refresh token is the one that was kept. */
  const assertRefreshes = async (id: string) => {
    world.provider.resetCounters();
    world.provider.expireAccessTokens();
    assert.equal(await call(id), 200);
    assert.equal(tokenRequests(), 1);
  };
  /** Nobody asks the provider, in this instance or another. */
  const asksNoMore = async (id: string, work: (chosen: Suite) => Promise<void>) => {
    world.provider.resetCounters();
    for (const chosen of [suite, suite, world.newSuite()]) await work(chosen);
    assert.equal(tokenRequests(), 0, id);
  };

  const html = { 'content-type': 'text/html' };
  const lost: readonly (readonly [what: string, fault: Omit<Fault, 'endpoint'>])[] = [
    ['is cut off with its connection', { drop: 'after' }],
    ['is cut off in the middle of its body', { drop: 'within' }],
    ['comes after our time is up', { processed: true, delayMs: 2 * timeoutMs }],
    ['is 10 MB long', { processed: true, status: 200, body: 'x'.repeat(10_000_000) }],
    ['is a page', { processed: true, status: 200, headers: html, body: '<html></html>' }],
    ['is a redirect', { processed: true, status: 302, headers: { location: '/elsewhere' } }],
    ['holds no token', { processed: true, status: 200, body: {} }],
  ];
  for (const [what, fault] of lost) {
    it(`that ${what} is asked for once more; the refresh token is spent: interrupted`, async () => {
      const id = await connectExpired(fault);
      await refuses('needs_reauth', call(id), { reason: 'interrupted' });
      assert.equal(tokenRequests(), 2);
      assert.equal((await statusOf(id)).reason, 'interrupted');
      await asksNoMore(id, (chosen) => refuses('needs_reauth', call(id, chosen)));
    });

    it(`that ${what} does no harm where refresh tokens are not spent by their use`, async () => {
      withoutRotation();
      const id = await connectExpired(fault);
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id, 2);
    });

    if (fault.status === undefined) continue;
    it(`that ${what} does no harm where the request was not processed`, async () => {
      const id = await connectExpired({ ...fault, processed: false });
      assert.equal(await call(id), 200);
      await assertActive(id, 2);
      await assertRefreshes(id);
    });
  }

  it('is never followed to another place: the client secret stays here', async () => {
    let hits = 0;
    const elsewhere = await listen(
      createServer((_request, response) => {
        hits += 1;
        response.end('{}');
      }),
      0,
    );
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        const location = `${elsewhere.url}/token`;
        const id = await connectExpired({ status, headers: { location } });
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 2);
      }
      assert.equal(hits, 0);
    } finally {
      await elsewhere.stop();
    }
  });

  describe('that says no', () => {
    const said = (error: string) => ({ status: 200, body: { error } });

    it('with status 200 and invalid_grant is believed: revoked, after one request', async () => {
      const id = await connectExpired(said('invalid_grant'));
      await refuses('needs_reauth', call(id), { reason: 'revoked' });
      assert.equal(tokenRequests(), 1);
      await asksNoMore(id, (chosen) => refuses('needs_reauth', call(id, chosen)));
    });

    it('with status 200 and invalid_client blames no user', async () => {
      const id = await connectExpired(said('invalid_client'));
      await refuses('provider_misconfigured', call(id), { providerError: 'invalid_client' });
      await assertActive(id, 1);
    });

    it('with status 200 and temporarily_unavailable is asked for again', async () => {
      const id = await connectExpired(said('temporarily_unavailable'));
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id, 2);
    });

    it("with one of the provider's permanent codes is believed: revoked", async () => {
      publish({}, { permanentErrors: ['token_revoked'] });
      const id = await connectExpired({ status: 400, body: { error: 'token_revoked' } });
      await refuses('needs_reauth', call(id), { reason: 'revoked' });
      assert.equal(tokenRequests(), 1);
    });

    it("with one of the provider's transient codes is asked for again", async () => {
      publish({}, { transientErrors: ['try_later'] });
      const id = await connectExpired({ status: 400, body: { error: 'try_later' } });
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id, 2);
    });

    it('three times with 500 is asked for a fourth time: the call succeeds', async () => {
      const id = await connectExpired({ status: 500, times: 3 });
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 4);
      await assertActive(id, 2);
    });

    it('with 503 is asked for again: the call succeeds', async () => {
      const id = await connectExpired({ status: 503 });
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 2);
      await assertActive(id, 2);
    });

    const sentAt = Date.parse('2001-01-01T00:00:00Z');
    for (const [how, headers] of [
      ['in seconds', { 'retry-after': '600' }],
      [
        "as a date, counted from the answer's own",
        {
          date: new Date(sentAt).toUTCString(),
          'retry-after': new Date(sentAt + 600_000).toUTCString(),
        },
      ],
    ] as const) {
      it(`with 429 and Retry-After ${how} is not asked for before`, async () => {
        const id = await connectExpired({ status: 429, headers });
        const told = { dependency: 'provider', retryAfterSeconds: 600 } as const;
        await refuses('unavailable', call(id), told);
        // What is left is longer than the caller can wait.
        world.clock.advance(540_000);
        await asksNoMore(id, (chosen) => refuses('unavailable', call(id, chosen)));
        world.clock.advance(61_000);
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
        await assertActive(id, 2);
      });
    }
  });

  describe('is kept', () => {
    it('as a form', async () => {
      const id = await connectExpired({ form: true });
      assert.equal(await call(id), 200);
      assert.equal(tokenRequests(), 1);
      await assertRefreshes(id);
    });

    it('with its new refresh token', async () => {
      const id = await connectExpired();
      assert.equal(await call(id), 200);
      await assertRefreshes(id);
      await assertRefreshes(id);
    });

    for (const [what, refreshToken] of [
      ['omits it', null],
      ['leaves it empty', ''],
      ['makes it a number', 7],
    ] as const) {
      it(`with the old refresh token where it ${what}`, async () => {
        withoutRotation();
        const id = await connectExpired({ patch: { refresh_token: refreshToken } });
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
        await assertRefreshes(id);
      });
    }

    const lifetimes: readonly (readonly [expiresIn: unknown, seconds: number | undefined])[] = [
      [null, undefined],
      ['3600', 3_600],
      [3_600.7, 3_600],
      [0, undefined],
      [0.5, undefined],
      [-5, undefined],
      [1e15, undefined],
      ['soon', undefined],
    ];
    for (const [expiresIn, seconds] of lifetimes) {
      const told = seconds === undefined ? 'for as long as it works' : `for ${seconds} s`;
      const how =
        expiresIn === null ? 'without expires_in' : `by expires_in ${JSON.stringify(expiresIn)}`;
      it(`${told} ${how}: one request, however often it is used`, async () => {
        const id = await connectExpired({ patch: { expires_in: expiresIn } });
        for (const chosen of [suite, suite, world.newSuite(), world.newSuite()]) {
          assert.equal(await call(id, chosen), 200);
        }
        assert.equal(tokenRequests(), 1);
        const { expiresAt, obtainedAt } = await world.vault(id);
        assert.equal(expiresAt, seconds === undefined ? null : obtainedAt + seconds * 1_000);
        await assertRefreshes(id);
      });
    }

    it('for as long as the settings say where it does not', async () => {
      publish({}, { accessTokenSeconds: 120 });
      for (const expiresIn of [null, 0, -5, 'soon', 1e15]) {
        const id = await connectExpired({ patch: { expires_in: expiresIn } });
        assert.equal(await call(id), 200);
        const { expiresAt, obtainedAt } = await world.vault(id);
        assert.equal(expiresAt, obtainedAt + 120_000, String(expiresIn));
      }
    });

    const scopes: readonly (readonly [scope: unknown, shown: readonly string[] | undefined])[] = [
      ['openid email', ['openid', 'email']],
      [
        ['openid', 'email'],
        ['openid', 'email'],
      ],
      [7, undefined],
      [[7], undefined],
      [{ openid: true }, undefined],
    ];
    for (const [scope, shown] of scopes) {
      const what = shown === undefined ? 'the scopes there were' : `the scopes ${shown.join(' ')}`;
      it(`with ${what} by scope ${JSON.stringify(scope)}`, async () => {
        const id = await connectExpired({ patch: { scope } });
        const before = (await statusOf(id)).scopes;
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
        assert.deepEqual((await statusOf(id)).scopes, shown ?? before);
      });
    }

    for (const type of ['Bearer', 'bearer', 'BEARER', null, '']) {
      it(`and used as a Bearer token by token_type ${JSON.stringify(type)}`, async () => {
        const id = await connectExpired({ patch: { token_type: type } });
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
        await assertRefreshes(id);
      });
    }

    for (const [what, patch] of [
      ['another type than Bearer', { token_type: 'mac' }],
      ['a type that is no text', { token_type: 7 }],
      ['characters that no header takes', { access_token: 'to\nken' }],
    ] as const) {
      it(`but not used where the token has ${what}; nobody asks for another`, async () => {
        publish({ allowTokenRelease: true });
        const id = await connectExpired({ patch });
        const error = await errorOf(call(id));
        assert.equal(error.code, 'provider_answer_invalid');
        assert.match(error.message, /no Bearer token/);
        assert.equal(tokenRequests(), 1);
        const deadlineAt = world.clock.now() + 10_000;
        await asksNoMore(id, async (chosen) => {
          await refuses('provider_answer_invalid', call(id, chosen));
          await refuses('provider_answer_invalid', chosen.token({ uid: 'ada' }, id, deadlineAt));
        });
        await assertActive(id, 2);
        // When it is over, the refresh token that came with it brings one that works.
        expire();
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
      });
    }

    for (const [what, idToken] of [
      ['is malformed', 'odd'],
      ['is no text', { sub: 'ada' }],
      ['is for another client', idTokenWith({ aud: 'another', sub: 'ada' })],
    ] as const) {
      it(`without its ID token where that ${what}`, async () => {
        const id = await connectExpired({ patch: { id_token: idToken } });
        assert.equal(await call(id), 200);
        assert.equal(tokenRequests(), 1);
        await assertRefreshes(id);
      });
    }
  });

  it('about another account is not used: account_changed, until the user reconnects', async () => {
    const claims = { iss: world.provider.url, aud: 'strongroom-sandbox', sub: 'bob' };
    const id = await connectExpired({ patch: { id_token: idTokenWith(claims) } });
    await refuses('needs_reauth', call(id), { reason: 'account_changed' });
    assert.equal(tokenRequests(), 1);
    assert.equal((await statusOf(id)).reason, 'account_changed');
    assert.equal((await world.vault(id)).generation, 1);
    await asksNoMore(id, (chosen) =>
      refuses('needs_reauth', call(id, chosen), { reason: 'account_changed' }),
    );
    const healed = await world.connect('ada', { connectionId: id, suite });
    assert.deepEqual([healed.id, healed.status], [id, 'active']);
    assert.equal(await call(id), 200);
  });
});

describe("the token endpoint's answer to a code", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connectWith = async (fault: Omit<Fault, 'endpoint'>) => {
    world.provider.addFault({ endpoint: 'token', ...fault });
    return world.connect('ada');
  };

  it('is kept as a form, and whatever it says of its lifetime', async () => {
    for (const fault of [{ form: true }, { patch: { expires_in: 'soon', token_type: null } }]) {
      const { id } = await connectWith(fault);
      assert.equal(await world.call('ada', id), 200);
    }
  });

  it('with status 200 and an error is an error', async () => {
    const fault = { status: 200, body: { error: 'invalid_grant' } };
    await refuses('authorization_failed', connectWith(fault), { providerError: 'invalid_grant' });
  });

  for (const [what, patch] of [
    ['a token that is no Bearer token', { token_type: 'mac' }],
    ['an ID token that does not hold', { id_token: 'odd' }],
  ] as const) {
    it(`with ${what} is refused, and what it gave is revoked`, async () => {
      await refuses('provider_answer_invalid', connectWith({ patch }));
      assert.deepEqual(await world.suite.list({ uid: 'ada' }), []);
      assert.deepEqual(
        world.provider.grants().filter(({ status }) => status === 'active'),
        [],
      );
    });
  }
});
