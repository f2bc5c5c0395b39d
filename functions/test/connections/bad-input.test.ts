import assert from 'node:assert/strict';
import { authorizationTtlMs } from '../../src/connections/authorize/begin.ts';
import type { AuthorizationResponse } from '../../src/oauth/authorization-code.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { changesNothing } from '../harness/unchanged.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const grace = { uid: 'grace' };

describe('what is refused', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const activeGrants = () => world.provider.grants().filter(({ status }) => status === 'active');
  const deadlineAt = () => world.clock.now() + 55_000;

  describe('at begin', () => {
    it('a discovery document that would have the browser run a script', async () => {
      const body = {
        issuer: world.provider.url,
        authorization_endpoint: 'javascript:alert(1)',
        token_endpoint: `${world.provider.url}/token`,
      };
      const headers = { 'content-type': 'application/json' };
      world.provider.addFault({ endpoint: 'discovery', status: 200, headers, body });
      const begun = world.newSuite().begin(ada, { provider: 'sandbox' });
      await refuses('provider_misconfigured', begun);
    });

    const begin = (request: Partial<Parameters<World['suite']['begin']>[1]>) =>
      world.suite.begin(ada, { provider: 'sandbox', ...request });

    for (const provider of ['nowhere', 'constructor', '__proto__', 'toString']) {
      it(`the unknown provider ${provider}`, () =>
        changesNothing(world, () => refuses('provider_unknown', begin({ provider }))));
    }

    for (const scopes of [['admin'], ['openid', 'admin'], ['openid profile'], ['OPENID'], ['']]) {
      it(`the scopes ${JSON.stringify(scopes)}, which are not offered`, () =>
        changesNothing(world, () =>
          refuses('scope_not_offered', begin({ scopes }), { field: 'scopes' }),
        ));
    }

    const allowed = 'https://app.example.com/connected';
    const bypasses = {
      'another origin': 'https://evil.example.com/connected',
      'another port': 'https://app.example.com:8443/connected',
      'another scheme': 'http://app.example.com/connected',
      'the host as user name': 'https://app.example.com@evil.example.com/connected',
      'a user name': 'https://someone@app.example.com/connected',
      'a user name and password': 'https://a:b@app.example.com/connected',
      'the host as a prefix': 'https://app.example.com.evil.example.com/connected',
      'a backslash for the host': 'https://evil.example.com\\@app.example.com/connected',
      'a backslash in the path': 'https://app.example.com/connected\\..\\..\\evil',
      'a prefix without a slash': 'https://app.example.com/connected-evil',
      'a path that climbs out': 'https://app.example.com/connected/../evil',
      'an encoded climb': 'https://app.example.com/connected/%2e%2e/evil',
      'the root': 'https://app.example.com/',
      javascript: 'javascript:alert(1)//app.example.com/connected',
      data: 'data:text/html,<script>alert(1)</script>',
      blob: 'blob:https://app.example.com/connected',
      'no scheme': '//app.example.com/connected',
      'no scheme, another host': '//evil.example.com/connected',
      'a path': '/connected',
      'a tab': 'https://app.example.com/\tconnected',
      'a line break': 'https://app.example.com/connected\n',
      'a leading space': ' https://app.example.com/connected',
      nothing: '',
    };
    for (const [what, returnTo] of Object.entries(bypasses)) {
      it(`a returnTo with ${what}`, async () => {
        world.publish(({ app, providers }) => ({
          app: { ...app, returnTo: [allowed] },
          providers,
        }));
        const suite = world.newSuite();
        await changesNothing(world, () =>
          refuses('return_to_not_allowed', suite.begin(ada, { provider: 'sandbox', returnTo })),
        );
      });
    }

    it('but not the allowed returnTo, nor what lies below it', async () => {
      world.publish(({ app, providers }) => ({ app: { ...app, returnTo: [allowed] }, providers }));
      const suite = world.newSuite();
      for (const returnTo of [allowed, `${allowed}/here`, `${allowed}?from=there`]) {
        const { state } = await suite.begin(ada, { provider: 'sandbox', returnTo });
        assert.equal((await suite.callbackTarget(state)).target.href, returnTo);
      }
    });

    it('nor an answer whose code has the name that the provider has for it', async () => {
      world.publish(({ app, providers: { sandbox, ...others } }) => {
        assert.ok(sandbox?.kind === 'oidc');
        return {
          app,
          providers: { ...others, sandbox: { ...sandbox, codeParameter: 'authCode' } },
        };
      });
      const { state } = await world.newSuite().begin(ada, { provider: 'sandbox' });
      assert.equal((await world.suite.callbackTarget(state)).codeParameter, 'authCode');
    });
  });

  describe('at complete', () => {
    const complete = (response: AuthorizationResponse, caller = ada) =>
      world.suite.complete(caller, response);
    /** No connection, and nothing sealed any more: only the memory that the state was used. */
    const assertUsedUp = async () => {
      const left = Object.entries(await world.documents()).filter(
        ([path]) => !path.startsWith('strongroomAudit/'),
      );
      assert.deepEqual(
        left.map(([path, { data }]) => [path.split('/')[0], data['sealed']]),
        [['strongroomAuthorizations', null]],
      );
    };
    const codeRequests = () => world.provider.counters().tokenRequests.total;

    it('an unknown state', () =>
      changesNothing(world, () =>
        refuses('state_unknown', complete({ state: 'unknown', code: 'code' })),
      ));

    it('a used state, whether it connected or not', async () => {
      const answer = await world.answer('ada');
      await complete(answer);
      await changesNothing(world, () => refuses('state_used', complete(answer)));
      await changesNothing(world, () =>
        refuses('state_used', world.suite.callbackTarget(answer.state)),
      );
    });

    it('an expired state', async () => {
      const answer = await world.answer('ada');
      world.clock.advance(authorizationTtlMs);
      await changesNothing(world, () => refuses('state_expired', complete(answer)));
      await refuses('state_expired', world.suite.callbackTarget(answer.state));
    });

    it("another user's state, which its owner can complete all the same", async () => {
      const answer = await world.answer('ada');
      await changesNothing(world, () => refuses('state_of_another_user', complete(answer, grace)));
      assert.equal((await complete(answer)).account.subject, 'ada');
      assert.deepEqual(await world.suite.list(grace), []);
    });

    it("another user's state, also once it is used or expired", async () => {
      const used = await world.answer('ada');
      await complete(used);
      const late = await world.answer('ada');
      world.clock.advance(authorizationTtlMs);
      for (const answer of [used, late]) {
        await changesNothing(world, () =>
          refuses('state_of_another_user', complete(answer, grace)),
        );
      }
    });

    it('the second of two completes at once, in two instances: one exchange, one connection', async () => {
      const answer = await world.answer('ada');
      const other = world.newSuite();
      const outcomes = await Promise.allSettled([complete(answer), other.complete(ada, answer)]);
      const refused = outcomes.flatMap((one) =>
        one.status === 'rejected' ? [one.reason.code] : [],
      );
      assert.deepEqual(refused, ['state_used']);
      assert.equal(codeRequests(), 1);
      assert.equal((await world.suite.list(ada)).length, 1);
      assert.equal(activeGrants().length, 1);
    });

    it("the provider's answer that its user refused", async () => {
      const answer = await world.answer('ada', { deny: true });
      assert.equal(answer.error, 'access_denied');
      await refuses('access_denied', complete(answer), { providerError: 'access_denied' });
      assert.equal(codeRequests(), 0);
      await assertUsedUp();
    });

    it("the provider's other errors, without their text", async () => {
      const { state } = await world.suite.begin(ada, { provider: 'sandbox' });
      const iss = world.provider.url;
      const errorDescription = '<script>alert(1)</script>';
      const error = await errorOf(
        complete({ state, iss, error: 'server_error', errorDescription }),
      );
      assert.equal(error.code, 'authorization_failed');
      assert.deepEqual(error.details, { providerError: 'server_error' });
      assert.doesNotMatch(error.message, /script/);
      assert.equal(codeRequests(), 0);
      await assertUsedUp();
    });

    const issuers: Record<string, (iss: string) => Pick<AuthorizationResponse, 'iss'>> = {
      "another provider's": () => ({ iss: 'https://evil.example.com' }),
      'a longer': (iss) => ({ iss: `${iss}/` }),
      no: () => ({}),
    };
    for (const provider of ['sandbox', 'sandbox-oauth2']) {
      for (const [which, change] of Object.entries(issuers)) {
        it(`an answer of ${provider} with ${which} issuer: no code leaves the house`, async () => {
          const { iss = '', ...answer } = await world.answer('ada', { provider });
          await refuses('issuer_mismatch', complete({ ...answer, ...change(iss) }));
          assert.equal(codeRequests(), 0);
          await assertUsedUp();
        });
      }
    }

    it('a code that the provider refuses', async () => {
      const answer = await world.answer('ada');
      await refuses('authorization_failed', complete({ ...answer, code: 'made-up' }), {
        providerError: 'invalid_grant',
      });
      assert.equal(codeRequests(), 1);
      await assertUsedUp();
    });

    it("a code of another user's authorization: it is bound by PKCE", async () => {
      const { code } = await world.answer('mallory');
      const answer = await world.answer('ada');
      assert.ok(code);
      await refuses('authorization_failed', complete({ ...answer, code }));
      assert.deepEqual(await world.suite.list(ada), []);
    });

    it('an account that nobody can tell at reconnecting: without openid it could be any', async () => {
      const { id } = await world.connect('ada');
      const before = await world.vault(id);
      const scopes = ['profile', 'offline_access'];
      const answer = await world.answer('ada', { connectionId: id, account: 'mallory', scopes });
      await refuses('account_mismatch', complete(answer));
      assert.deepEqual(await world.vault(id), before);
    });

    it('another account at reconnecting: its new grant is revoked, the old one stays', async () => {
      const { id } = await world.connect('ada');
      const before = await world.vault(id);
      const answer = await world.answer('ada', { connectionId: id, account: 'mallory' });
      await refuses('account_mismatch', complete(answer));
      assert.deepEqual(
        activeGrants().map(({ accountId }) => accountId),
        ['ada'],
      );
      assert.deepEqual(await world.vault(id), before);
      assert.equal(await world.call('ada', id), 200);
    });
  });

  describe('of another user', () => {
    const attempts: Record<string, (id: string) => Promise<unknown>> = {
      get: (connectionId) => world.suite.get(grace, connectionId),
      call: (connectionId) => world.call('grace', connectionId),
      token: (connectionId) => world.suite.token(grace, connectionId, deadlineAt()),
      disconnect: (connectionId) => world.suite.disconnect(grace, connectionId),
      'begin with connectionId': (connectionId) =>
        world.suite.begin(grace, { provider: 'sandbox', connectionId }),
    };
    const unknown = 'AAAAAAAAAAAAAAAAAAAAAA';

    for (const [name, attempt] of Object.entries(attempts)) {
      it(`a connection, at ${name}, exactly as one that does not exist`, async () => {
        const { id } = await world.connect('ada');
        await world.call('ada', id);
        const ask = async (connectionId: string) => {
          world.meter.reset();
          const {
            name: type,
            message,
            code,
            details,
            stack,
          } = await errorOf(attempt(connectionId));
          const { reads, writes } = world.meter.counts();
          return { type, message, code, details, lines: stack?.split('\n').length, reads, writes };
        };
        await changesNothing(world, async () => {
          const missing = await ask(unknown);
          assert.equal(missing.code, 'connection_not_found');
          assert.deepEqual(await ask(id), missing);
        });
      });
    }

    it('a connection, without costing its owner the token at hand', async () => {
      const { id } = await world.connect('ada');
      await world.call('ada', id);
      await refuses('connection_not_found', world.call('grace', id));
      assert.deepEqual(await world.costOf(() => world.call('ada', id)), { reads: 0, writes: 0 });
    });

    it('a list that shows more than his own', async () => {
      await world.connect('ada');
      assert.deepEqual(await world.suite.list(grace), []);
    });
  });

  describe('at token', () => {
    it('the access token, unless the settings release it', async () => {
      const { id } = await world.connect('ada');
      await changesNothing(world, () =>
        refuses('token_release_off', world.suite.token(ada, id, deadlineAt())),
      );
      world.publish(({ app, providers }) => ({
        app,
        providers: Object.fromEntries(
          Object.entries(providers).map(([name, provider]) => [
            name,
            { ...provider, allowTokenRelease: true },
          ]),
        ),
      }));
      const released = await world.newSuite().token(ada, id, deadlineAt());
      const headers = { authorization: `Bearer ${released.accessToken}` };
      assert.equal((await fetch(`${world.provider.url}/api/me`, { headers })).status, 200);
      assert.equal(Date.parse(released.expiresAt ?? ''), (await world.vault(id)).expiresAt);
    });
  });
});
