import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authorizing } from '../../src/oauth/authorizing-party.ts';
import { newDpopKey } from '../../src/oauth/dpop.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { requestMachineToken } from '../../src/oauth/machine-token.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import { revoke } from '../../src/oauth/revocation.ts';
import { exchangeToken } from '../../src/oauth/token-exchange.ts';
import {
  type Answered,
  exchanged,
  issuer,
  parametersOf,
  providerWith,
  redirectUri,
  refreshed,
  wiredParty,
} from './wired.ts';

const tokens = { access_token: 'new access', token_type: 'Bearer', expires_in: 3_600 };
const good: Answered = { body: tokens };

describe('a token request of a provider that differs in nothing', () => {
  it('goes out as the protocol library writes it', async () => {
    const { sent } = await refreshed({}, good);
    assert.deepEqual(sent, [
      {
        url: `${issuer}/token`,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        },
        body:
          'refresh_token=old+refresh&grant_type=refresh_token&client_id=our+client' +
          '&client_secret=our+secret',
      },
    ]);
  });

  it('is the same byte for byte where quirks are named that only document', async () => {
    const quirks = ['form-encoded-answer', 'error-in-200', 'no-expiry-introspect'];
    const [plain, named] = await Promise.all([refreshed({}, good), refreshed({ quirks }, good)]);
    assert.deepEqual(named.sent, plain.sent);
  });

  it('would be the same byte for byte through the whole of the wire', async () => {
    const [plain, wired] = await Promise.all([
      refreshed({}, good),
      refreshed({ answerPaths: { scope: 'nowhere' } }, good),
    ]);
    assert.deepEqual(wired, plain);
  });
});

describe('the names of parameters', () => {
  const parameterNames = {
    client_id: 'client_key',
    client_secret: 'key_secret',
    code: 'ticket',
    refresh_token: 'refreshToken',
    grant_type: 'grantType',
    redirect_uri: 'back',
  };

  it("are the provider's own where a code is exchanged", async () => {
    const { sent } = await exchanged({ parameterNames, pkce: 'none' }, good);
    assert.deepEqual(parametersOf(sent[0] ?? assert.fail()), {
      client_key: 'our client',
      key_secret: 'our secret',
      ticket: 'a code',
      grantType: 'authorization_code',
      back: redirectUri,
    });
  });

  it('are at the token endpoint what that calls them, where it has names of its own', async () => {
    const tokenParameterNames = { client_id: 'clientId', grant_type: 'grantType' };
    const names = { parameterNames: { client_id: 'app_key' }, tokenParameterNames };
    const { sent } = await exchanged({ ...names, pkce: 'none' }, good);
    assert.deepEqual(parametersOf(sent[0] ?? assert.fail()), {
      clientId: 'our client',
      client_secret: 'our secret',
      code: 'a code',
      grantType: 'authorization_code',
      redirect_uri: redirectUri,
    });
  });

  it("are the provider's own where a token is refreshed", async () => {
    const { sent } = await refreshed({ parameterNames }, good);
    assert.deepEqual(parametersOf(sent[0] ?? assert.fail()), {
      client_key: 'our client',
      key_secret: 'our secret',
      refreshToken: 'old refresh',
      grantType: 'refresh_token',
    });
  });

  it("are the provider's own where a token is revoked by RFC 7009", async () => {
    const revocationEndpoint = `${issuer}/revoke`;
    const { party, sent } = await wiredParty({ parameterNames, revocationEndpoint }, { body: '' });
    await revoke(party, { accessToken: 'old access' });
    assert.deepEqual(parametersOf(sent[0] ?? assert.fail()), {
      client_key: 'our client',
      key_secret: 'our secret',
      token: 'old access',
      token_type_hint: 'access_token',
    });
  });

  it("are the provider's own for a machine, by client credentials", async () => {
    const { party, sent } = await wiredParty(
      {
        kind: 'client-credentials',
        authorizationEndpoint: undefined,
        parameterNames: { client_id: 'appid', scope: 'rights' },
      },
      good,
    );
    const { provider } = party;
    assert.ok(provider.kind === 'client-credentials');
    await requestMachineToken(party, provider, { credentials: {}, scopes: ['read'] });
    assert.deepEqual(parametersOf(sent[0] ?? assert.fail()), {
      grant_type: 'client_credentials',
      appid: 'our client',
      client_secret: 'our secret',
      rights: 'read',
    });
  });

  it('leave what is there more than once as it is: audiences of an exchange (RFC 8693 §2.1)', async () => {
    const { party, sent } = await wiredParty(
      { parameterNames },
      {
        body: { ...tokens, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      },
    );
    await exchangeToken(
      { ...party, provider: authorizing(party.provider) },
      {
        subject: { token: 'a token', type: 'access_token' },
        audiences: ['one', 'two', 'three'],
        resources: [],
        parameters: [],
      },
    );
    const form = new URLSearchParams(sent[0]?.body);
    assert.deepEqual(form.getAll('audience'), ['one', 'two', 'three']);
    assert.equal(form.get('client_key'), 'our client');
  });

  it('change with the second secret, too, where the first is refused', async () => {
    const { answer, sent } = await refreshed(
      { parameterNames, clientSecrets: ['old secret', 'our secret'] },
      { status: 401, body: { error: 'invalid_client' } },
      good,
    );
    assert.equal(answer.access_token, 'new access');
    assert.deepEqual(
      sent.map((request) => parametersOf(request)['key_secret']),
      ['old secret', 'our secret'],
    );
  });
});

describe('a refresh at an endpoint of its own', () => {
  const refreshEndpoint = 'https://refresh.one.example/again';

  it('goes there, and a code to the token endpoint', async () => {
    const [refresh, code] = await Promise.all([
      refreshed({ refreshEndpoint }, good),
      exchanged({ refreshEndpoint }, good),
    ]);
    assert.equal(refresh.sent[0]?.url, refreshEndpoint);
    assert.equal(code.sent[0]?.url, `${issuer}/token`);
  });

  it('is proven for that endpoint where tokens are bound to a key (RFC 9449 §4.2), and again with a nonce', async () => {
    const { party, sent } = await wiredParty(
      { refreshEndpoint, dpop: true },
      {
        status: 400,
        headers: { 'dpop-nonce': 'a nonce' },
        body: { error: 'use_dpop_nonce' },
      },
      { body: { ...tokens, token_type: 'DPoP' } },
    );
    await spendRefreshToken(party, { refreshToken: 'old refresh', dpopKey: await newDpopKey() });
    const proofs = sent.map(({ headers }) => claimsOf(headers['dpop'] ?? ''));
    assert.deepEqual(
      proofs.map(({ htu, nonce }) => ({ htu, nonce })),
      [
        { htu: refreshEndpoint, nonce: undefined },
        { htu: refreshEndpoint, nonce: 'a nonce' },
      ],
    );
  });
});

function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

describe('the paths of an answer', () => {
  const inside = { access_token: 'body.access_token', refresh_token: 'body.refresh_token' };

  it('lead to tokens that are further down', async () => {
    const { answer } = await refreshed(
      { answerPaths: inside },
      { body: { status: 0, body: { access_token: 'down', refresh_token: 'there' } } },
    );
    assert.equal(answer.access_token, 'down');
    assert.equal(answer.refresh_token, 'there');
  });

  it('let what stands beside the token count as if it stood at the top', async () => {
    const { answer } = await refreshed(
      { answerPaths: { access_token: 'data.0.token' } },
      { body: { data: [{ token: 'down', user_id: 7, expires_in: '60', scope: 'read' }] } },
    );
    const { access_token: token, user_id: user, expires_in: seconds, scope } = answer;
    assert.deepEqual([token, user, seconds, scope], ['down', 7, 60, 'read']);
  });

  it('leave the top where they lead nowhere: a refresh may be answered otherwise than a code', async () => {
    const { answer } = await refreshed({ answerPaths: inside }, good);
    assert.equal(answer.access_token, 'new access');
  });

  it('tell a kind of Bearer token by the name that the provider has for it', async () => {
    const body = { access_token: 'new access', token_type: 'Bot' };
    const [named, unnamed] = await Promise.all([
      refreshed({ bearerNames: ['bot'] }, { body }),
      refreshed({}, { body }),
    ]);
    assert.equal(named.answer.token_type, 'bearer');
    assert.equal(unnamed.answer.token_type, 'bot');
  });

  const saidAt = Date.parse('2026-11-22T12:00:00Z');
  const headers = { date: 'Sun, 22 Nov 2026 12:00:00 GMT' };
  const ends: readonly (readonly [end: unknown, seconds: number | undefined])[] = [
    [saidAt / 1_000 + 90, 90],
    [String(saidAt / 1_000 + 90), 90],
    [saidAt + 90_000, 90],
    ['2026-11-22T12:01:30Z', 90],
    ['2026-11-22T13:01:30.000+01:00', 90],
    ['2026-11-22T11:00:00Z', 1],
    ['soon', undefined],
    ['', undefined],
    [0, undefined],
    [null, undefined],
    [-1, undefined],
    [{}, undefined],
    ['2026', 1],
  ];
  for (const [end, seconds] of ends) {
    it(`tell by an end at ${JSON.stringify(end)} that it is in ${seconds} s, by the clock of who gave it`, async () => {
      const { answer } = await refreshed(
        { answerPaths: { expires_at: 'expires_at' } },
        { headers, body: { access_token: 'new access', expires_at: end } },
      );
      assert.equal(answer.expires_in, seconds);
    });
  }

  it('count an end from now where nobody says when it was told', async () => {
    const { answer } = await refreshed(
      { answerPaths: { expires_at: 'ends' } },
      { body: { access_token: 'new access', ends: Date.now() + 3_600_000 } },
    );
    const { expires_in: seconds = 0 } = answer;
    assert.ok(seconds > 3_500 && seconds <= 3_600, String(seconds));
  });

  it('believe a lifetime before an end', async () => {
    const { answer } = await refreshed(
      { answerPaths: { expires_at: 'expires_at' } },
      { headers, body: { ...tokens, expires_at: '2030-01-01T00:00:00Z' } },
    );
    assert.equal(answer.expires_in, 3_600);
  });
});

describe('an error that a provider tells in its own way', () => {
  const life = { permanentErrors: ['40030', 'Invalid refresh token'], transientErrors: ['-1'] };
  const kindOf = async (entry: object, answer: Answered) => {
    try {
      await refreshed({ life, ...entry }, answer);
      return 'no failure';
    } catch (error) {
      assert.ok(error instanceof OAuthFailure);
      return `${error.kind} ${error.providerError}`;
    }
  };

  const codes: readonly (readonly [what: string, entry: object, body: unknown, failure: string])[] =
    [
      [
        'a number elsewhere',
        { answerPaths: { error: 'errcode' } },
        { errcode: 40030 },
        'user 40030',
      ],
      ['its digits', { answerPaths: { error: 'errcode' } }, { errcode: '40030' }, 'user 40030'],
      ['a number in `error`', {}, { error: 40030 }, 'user 40030'],
      [
        'a number further down',
        { answerPaths: { error: 'error.code' } },
        { error: { message: 'It is over.', code: 40030 } },
        'user 40030',
      ],
      [
        'a sentence',
        { answerPaths: { error: 'message' } },
        { status: 400, message: 'Invalid refresh token' },
        'user Invalid refresh token',
      ],
      [
        'a number below zero',
        { answerPaths: { error: 'errcode' } },
        { errcode: -1 },
        'transient undefined',
      ],
      [
        'a number that nobody knows',
        { answerPaths: { error: 'errcode' } },
        { errcode: 7 },
        'invalid 7',
      ],
      [
        'both a number and a word',
        { answerPaths: { error: 'code' } },
        { code: 40030, error: 'invalid_request' },
        'user 40030',
      ],
      [
        'a word, where the number is 0',
        { answerPaths: { error: 'code' } },
        { code: 0, error: 'invalid_grant' },
        'user invalid_grant',
      ],
    ];
  for (const [what, entry, body, failure] of codes) {
    for (const status of [200, 400]) {
      it(`is sorted by ${what}, with status ${status}: ${failure}`, async () => {
        assert.equal(await kindOf(entry, { status, body }), failure);
      });
    }
  }

  for (const none of [0, '0', '', null, 'ok', 'OK', 'success', false, []]) {
    it(`is none where it says ${JSON.stringify(none)}`, async () => {
      const body = { ...tokens, errcode: none };
      const { answer } = await refreshed({ answerPaths: { error: 'errcode' } }, { body });
      assert.equal(answer.access_token, 'new access');
    });
  }

  it('says nothing with a 5xx, which passes', async () => {
    const entry = { answerPaths: { error: 'errcode' } };
    assert.equal(
      await kindOf(entry, { status: 503, body: { errcode: 40030 } }),
      'transient undefined',
    );
  });
});

describe('whatever a provider answers', () => {
  const entry = {
    quirks: [
      'nested-user-token',
      'instance-url',
      'error-in-list',
      'refresh-with-access-token',
      'basic-auth-on-refresh',
      'redirect-uri-on-refresh',
    ],
    parameterNames: { client_id: 'client_key' },
    answerPaths: {
      access_token: 'data.0.token',
      expires_at: ['data', '0', 'ends'],
      error: 'error.code',
      scope: '__proto__.scope',
    },
    keep: ['instance_url'],
  };

  it('it is a token answer or a failure of the provider, and nothing else', async () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          access_token: fc.jsonValue(),
          authed_user: fc.jsonValue(),
          data: fc.jsonValue(),
          error: fc.jsonValue(),
          errors: fc.jsonValue(),
          instance_url: fc.oneof(fc.webUrl(), fc.jsonValue()),
          ['__proto__']: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    const answered = { status: 200, body: '' };
    const { party } = await wiredParty(entry, answered);
    const statuses = fc.constantFrom(200, 201, 204, 302, 400, 401, 500);
    await fc.assert(
      fc.asyncProperty(anything, statuses, async (body, status) => {
        Object.assign(answered, { status, body: JSON.stringify(body) });
        try {
          const answer = await spendRefreshToken(party, { refreshToken: 'old refresh' });
          assert.equal(typeof answer.access_token, 'string');
          assert.equal('scope' in {}, false);
        } catch (error) {
          assert.ok(error instanceof OAuthFailure, String(error));
        }
      }),
      { numRuns: 200 },
    );
  }).timeout(20_000);

  it('keeps the tokens of an answer that is deeper than anybody could write down again', async () => {
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    const body = `{"data": {"token": "new access"}, "more": ${deep}, "scope": ["a", "b"], "token_type": "Bearer"}`;
    const { answer } = await refreshed({ answerPaths: { access_token: 'data.token' } }, { body });
    assert.deepEqual([answer.access_token, answer.scope], ['new access', 'a b']);
  });

  it('takes no member that an answer does not have itself', async () => {
    const answerPaths = { access_token: 'constructor.name', refresh_token: '__proto__.toString' };
    await assert.rejects(
      refreshed({ answerPaths }, { body: { error: 'constructor' } }),
      (error) => error instanceof OAuthFailure && error.kind === 'invalid',
    );
  });
});

describe('the settings of a wire', () => {
  const wrong: readonly (readonly [what: string, entry: object])[] = [
    ['a quirk that there is not', { quirks: ['constructor'] }],
    ['a path for what is no member', { answerPaths: { expires: 'a' } }],
    ['a name that is none', { parameterNames: { client_id: 'a b' } }],
    ['a refresh endpoint that is http', { refreshEndpoint: 'http://one.example/again' }],
    [
      'an exchange by http',
      { longLivedToken: { endpoint: 'http://one.example/x', grantType: 'a', tokenParameter: 't' } },
    ],
  ];
  for (const [what, entry] of wrong) {
    it(`are refused with ${what}`, () =>
      assert.rejects(providerWith(entry), { code: 'settings_invalid' }));
  }
});
