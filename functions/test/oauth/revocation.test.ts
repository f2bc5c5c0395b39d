import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { OutgoingRequest } from '../../src/egress/egress.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { revoke } from '../../src/oauth/revocation.ts';
import { parseSettings } from '../../src/providers/settings.ts';

const redirectUri = 'https://app.example/oauth/callback';
const oauth2 = {
  kind: 'oauth2',
  name: 'One',
  authorizationEndpoint: 'https://one.example/authorize',
  tokenEndpoint: 'https://one.example/token',
  revocationEndpoint: 'https://api.one.example/revoke',
  clientId: 'client',
  clientSecrets: ['a secret'],
  apiBaseUrl: 'https://api.one.example/v1',
  keep: ['shop'],
};

function providerOf(settings: object) {
  const document = {
    app: { redirectUri, returnTo: ['https://app.example/'] },
    providers: { one: { ...oauth2, ...settings } },
  };
  const parsed = parseSettings(Buffer.from(JSON.stringify(document)), false).providers['one'];
  assert.ok(parsed);
  return { ...parsed, id: 'one' };
}

type Sent = OutgoingRequest & { readonly text: string };
interface Answer {
  readonly status?: number;
  readonly body?: string | object;
}

/** A provider that answers so, and what is sent to it. */
async function provider(settings: object, answer: (sent: Sent) => Answer = () => ({})) {
  const sent: Sent[] = [];
  const findParty = createPartyFinder({
    allowLoopback: false,
    egress: (request) => {
      sent.push({ ...request, text: String(request.body ?? '') });
      const { status = 200, body = '' } = answer({ ...request, text: String(request.body ?? '') });
      const content = typeof body === 'string' ? body : JSON.stringify(body);
      return Promise.resolve({
        status,
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.from(Buffer.from(content)),
      });
    },
  });
  return { party: await findParty(providerOf(settings)), sent };
}

const tokens = { accessToken: 'an access', refreshToken: 'a refresh', extra: { shop: 'a/b' } };
const basic = `Basic ${Buffer.from('client:a%20secret').toString('base64')}`;
const form = 'application/x-www-form-urlencoded;charset=UTF-8';

/** A request as it is on the wire; a header that is undefined is not sent. */
interface Expected {
  readonly method: string;
  readonly url?: string;
  readonly authorization?: string | undefined;
  readonly contentType?: string | undefined;
  readonly text?: string;
}
const shown = ({ method, url, headers, text }: Sent): Required<Expected> => ({
  method,
  url: url.href,
  authorization: headers['authorization'],
  contentType: headers['content-type'],
  text,
});

describe('a grant is ended in the way that the provider’s data tells', () => {
  const revocationEndpoint = 'https://api.one.example/apps/{client_id}/grants/{shop}';
  const ways: Readonly<Record<string, readonly [settings: object, expected: Expected[]]>> = {
    'by RFC 7009 where it tells nothing': [
      {},
      [
        {
          method: 'POST',
          authorization: basic,
          contentType: form,
          text: 'token_type_hint=refresh_token&token=a+refresh',
        },
        {
          method: 'POST',
          authorization: basic,
          contentType: form,
          text: 'token_type_hint=access_token&token=an+access',
        },
      ],
    ],
    'as JSON, by DELETE, with the client by Basic, at an address that names the client': [
      {
        clientAuthentication: 'client_secret_post',
        revocationEndpoint,
        revocation: {
          method: 'DELETE',
          by: 'client_secret_basic',
          format: 'json',
          parameters: { access_token: '{access_token}' },
        },
      },
      [
        {
          method: 'DELETE',
          url: 'https://api.one.example/apps/client/grants/a%2Fb',
          authorization: basic,
          contentType: 'application/json',
          text: '{"access_token":"an access"}',
        },
      ],
    ],
    'with the client as it authenticates at the token endpoint, as JSON': [
      {
        clientAuthentication: 'client_secret_post',
        revocation: { format: 'json', tokens: ['refresh_token'] },
      },
      [
        {
          method: 'POST',
          contentType: 'application/json',
          text: '{"token":"a refresh","client_id":"client","client_secret":"a secret"}',
        },
      ],
    ],
    'with names of its own for the client': [
      {
        clientAuthentication: 'client_secret_post',
        parameterNames: { client_id: 'client_key' },
        revocation: { tokens: ['access_token'] },
      },
      [
        {
          method: 'POST',
          contentType: form,
          text: 'token=an+access&client_key=client&client_secret=a+secret',
        },
      ],
    ],
    'with the user’s token and nothing else': [
      { revocation: { by: 'access_token', parameters: {} } },
      [{ method: 'POST', authorization: 'Bearer an access' }],
    ],
    'with the user’s token as the API takes it': [
      {
        credential: { headers: { authorization: 'OAuth {access_token}' } },
        revocation: { by: 'access_token', tokens: ['access_token'] },
      },
      [
        {
          method: 'POST',
          authorization: 'OAuth an access',
          contentType: form,
          text: 'token=an+access',
        },
      ],
    ],
    'with the user’s token in the address where the API takes it there': [
      {
        credential: { query: { access_token: '{access_token}' } },
        revocation: { method: 'DELETE', by: 'access_token', parameters: {} },
      },
      [{ method: 'DELETE', url: 'https://api.one.example/revoke?access_token=an+access' }],
    ],
    'by GET, all in the address': [
      {
        revocation: {
          method: 'GET',
          by: 'none',
          format: 'query',
          parameters: {
            grant_type: 'delete',
            client_id: '{client_id}',
            access_token: '{access_token}',
          },
        },
      },
      [
        {
          method: 'GET',
          url: 'https://api.one.example/revoke?grant_type=delete&client_id=client&access_token=an+access',
        },
      ],
    ],
    'with headers of its own': [
      {
        revocation: {
          by: 'none',
          format: 'json',
          headers: { authorization: 'Client {client_secret}' },
          parameters: { access_token: '{access_token}', shop: '{shop}' },
        },
      },
      [
        {
          method: 'POST',
          authorization: 'Client a secret',
          contentType: 'application/json',
          text: '{"access_token":"an access","shop":"a/b"}',
        },
      ],
    ],
  };
  for (const [way, [settings, expected]] of Object.entries(ways)) {
    it(way, async () => {
      const { party, sent } = await provider(settings);
      assert.equal(await revoke(party, tokens), true);
      const usual = { url: oauth2.revocationEndpoint, authorization: undefined, text: '' };
      assert.deepEqual(
        sent.map(shown),
        expected.map((one) => ({ ...usual, contentType: undefined, ...one })),
      );
      for (const { allowedOrigins } of sent) {
        assert.ok(allowedOrigins?.includes('https://api.one.example'));
      }
    });
  }

  it('is not asked for where a field is missing that the request needs', async () => {
    const { party, sent } = await provider({ revocationEndpoint, revocation: {} });
    for (const extra of [undefined, {}, { shop: '' }, { shop: '..' }]) {
      assert.equal(await revoke(party, { ...tokens, extra }), false);
    }
    const byUser = await provider({ revocation: { by: 'access_token', parameters: {} } });
    assert.equal(await revoke(byUser.party, { accessToken: '', refreshToken: 'a refresh' }), false);
    assert.deepEqual([...sent, ...byUser.sent], []);
  });

  it('names the tokens that there are', async () => {
    const { party, sent } = await provider({ revocation: {} });
    assert.equal(await revoke(party, { accessToken: '', refreshToken: 'a refresh' }), true);
    assert.deepEqual(
      sent.map(({ text }) => text),
      ['token=a+refresh'],
    );
  });

  it('asks with the second client secret where the first is refused', async () => {
    const { party, sent } = await provider(
      {
        clientSecrets: ['new', 'old'],
        revocation: {
          by: 'none',
          parameters: { token: '{token}', secret: '{client_secret}' },
          tokens: ['access_token'],
        },
      },
      ({ text }) => ({ status: text.endsWith('=old') ? 200 : 401 }),
    );
    assert.equal(await revoke(party, tokens), true);
    assert.deepEqual(
      sent.map(({ text }) => text),
      ['token=an+access&secret=new', 'token=an+access&secret=old'],
    );
  });
});

describe('what an answer to that means', () => {
  const byClient = { by: 'client', parameters: { t: '{access_token}' } };
  const byUser = { by: 'access_token', parameters: {} };
  const answerPaths = { error: 'errcode' };
  const revoked: readonly (readonly [object, Answer])[] = [
    [byClient, { status: 200 }],
    [byClient, { status: 204 }],
    [byClient, { body: { ok: true } }],
    [byClient, { body: { errcode: 0, errmsg: 'ok' } }],
    [byClient, { body: 'a page' }],
  ];
  for (const [revocation, answer] of revoked) {
    it(`revoked: ${JSON.stringify(answer)}`, async () => {
      const { party } = await provider({ revocation, answerPaths }, () => answer);
      assert.equal(await revoke(party, tokens), true);
    });
  }

  const gone = { ...byClient, gone: [404, 422] };
  const accessOnly = { accessToken: 'an access' };
  const failed: readonly (readonly [
    kind: string,
    says: string | undefined,
    revocation: object,
    answer: Answer,
  ])[] = [
    ['user', undefined, byUser, { status: 401 }],
    ['user', undefined, gone, { status: 404 }],
    ['user', undefined, gone, { status: 422, body: { message: 'unknown' } }],
    ['user', 'invalid_grant', byClient, { status: 400, body: { error: 'invalid_grant' } }],
    ['user', 'token_dead', byClient, { body: { ok: false, error: 'token_dead' } }],
    ['operator', 'invalid_client', byClient, { status: 401 }],
    ['invalid', undefined, byClient, { status: 404 }],
    ['invalid', undefined, byClient, { status: 302 }],
    ['invalid', 'odd', byClient, { body: { ok: false, error: 'odd' } }],
    ['invalid', '40014', byClient, { body: { errcode: 40014 } }],
    ['transient', undefined, byClient, { status: 503 }],
    ['transient', undefined, gone, { status: 429 }],
    ['invalid', undefined, byClient, { status: 400, body: { error: 'wrong: an access' } }],
  ];
  for (const [kind, says, revocation, answer] of failed) {
    it(`${kind}: ${JSON.stringify(answer)} to ${JSON.stringify(revocation)}`, async () => {
      const life = { permanentErrors: ['token_dead'] };
      const { party } = await provider({ life, revocation, answerPaths }, () => answer);
      const error: unknown = await revoke(party, accessOnly).then(
        () => assert.fail('no failure'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof OAuthFailure);
      assert.deepEqual([error.kind, error.providerError], [kind, says]);
    });
  }
});

describe('where an access token is to prove who asks', () => {
  const revocation = { by: 'access_token', parameters: {} };
  const answering =
    (token: Answer) =>
    ({ url, headers }: Sent): Answer => {
      if (url.href === oauth2.tokenEndpoint) return token;
      return { status: headers['authorization'] === 'Bearer a fresh one' ? 204 : 401 };
    };

  it('and it is over, a refresh token gets another one first', async () => {
    const answer = { body: { access_token: 'a fresh one', token_type: 'bearer' } };
    const { party, sent } = await provider({ revocation }, answering(answer));
    assert.equal(await revoke(party, tokens), true);
    assert.deepEqual(
      sent.map(({ url }) => url.pathname),
      ['/revoke', '/token', '/revoke'],
    );
    assert.match(sent[1]?.text ?? '', /refresh_token=a\+refresh/);
  });

  it('or it is named, and there is no such grant by it: likewise', async () => {
    const named = {
      by: 'client_secret_basic',
      tokens: ['access_token'],
      gone: [404],
    };
    const { party, sent } = await provider({ revocation: named }, ({ url, text }) => {
      if (url.href === oauth2.tokenEndpoint) {
        return { body: { access_token: 'a fresh one', token_type: 'bearer' } };
      }
      return { status: text === 'token=a+fresh+one' ? 204 : 404 };
    });
    assert.equal(await revoke(party, tokens), true);
    assert.equal(sent.length, 3);
  });

  it('and no other is to be had, there is no such grant', async () => {
    const answer = { status: 400, body: { error: 'invalid_grant' } };
    const { party, sent } = await provider({ revocation }, answering(answer));
    await assert.rejects(revoke(party, tokens), { kind: 'user' });
    assert.equal(sent.length, 2);
  });

  it('the first of two requests may have ended it', async () => {
    let requests = 0;
    const { party, sent } = await provider({ revocation: { by: 'access_token' } }, () => {
      requests += 1;
      return { status: requests === 1 ? 200 : 401 };
    });
    assert.equal(await revoke(party, tokens), true);
    assert.deepEqual(
      sent.map(({ text }) => text),
      ['token=a+refresh', 'token=an+access'],
    );
  });
});

describe('settings of how a grant is ended', () => {
  it('hold as docs/connect/revocation.md shows them', () => {
    const page = new URL('../../../docs/connect/revocation.md', import.meta.url);
    const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
    assert.ok(providerOf(JSON.parse(shown)['code-host']));
  });

  const refused: Readonly<Record<string, readonly [settings: object, field: string]>> = {
    'without an endpoint': [
      { revocationEndpoint: undefined, revocation: {} },
      'revocationEndpoint',
    ],
    'with the client secret in its path': [
      { revocationEndpoint: 'https://api.one.example/{client_secret}', revocation: {} },
      'revocationEndpoint',
    ],
    'at a host that the provider or a browser tells': [
      { revocationEndpoint: 'https://{shop}.one.example/revoke', revocation: {} },
      'revocationEndpoint',
    ],
    'at an address that the provider tells whole': [
      { revocationEndpoint: '{shop}/revoke', revocation: {} },
      'revocationEndpoint',
    ],
    'with a field in its path that nobody keeps': [
      { revocationEndpoint: 'https://api.one.example/{place}', revocation: {} },
      'revocationEndpoint',
    ],
    'with a parameter of what nobody keeps': [
      { revocation: { parameters: { id: '{id}' } } },
      'revocation.parameters',
    ],
    'with a header of what nobody keeps': [
      { revocation: { headers: { authorization: 'X {password}' } } },
      'revocation.headers',
    ],
    'by GET with a body': [{ revocation: { method: 'GET' } }, 'revocation.format'],
    'with the client secret in the address': [
      {
        revocation: {
          method: 'GET',
          by: 'none',
          format: 'query',
          parameters: { s: '{client_secret}' },
        },
      },
      'revocation.format',
    ],
    'with the client secret of every request in the address': [
      { clientAuthentication: 'client_secret_post', revocation: { format: 'query' } },
      'revocation.format',
    ],
    'by what a browser brought and no token: that would end what is another user’s': [
      {
        callbackParameters: ['account'],
        revocation: { parameters: { account: '{account}' } },
      },
      'revocation',
    ],
    'at an address that a browser brought, and no token': [
      {
        callbackParameters: ['account'],
        revocationEndpoint: 'https://api.one.example/accounts/{account}',
        revocation: { method: 'DELETE', parameters: {} },
      },
      'revocation',
    ],
    'by what a user said and no token': [
      {
        variables: { site: { label: 'Site', pattern: '[a-z]+', example: 'a', by: 'user' } },
        revocation: { parameters: { site: '{site}' } },
      },
      'revocation',
    ],
    'with a client secret that there is not': [
      {
        clientAuthentication: 'private_key_jwt',
        revocation: { parameters: { secret: '{client_secret}' } },
      },
      'revocation',
    ],
    'by a token that is bound to a key': [
      { dpop: true, revocation: { by: 'access_token' } },
      'revocation.by',
    ],
    'with no token': [{ revocation: { tokens: [] } }, 'revocation.tokens'],
  };
  for (const [what, [settings, field]] of Object.entries(refused)) {
    it(`are refused ${what}`, () => {
      assert.throws(() => providerOf(settings), {
        code: 'settings_invalid',
        details: { field: `providers.one.${field}` },
      });
    });
  }
});

describe('where an OpenID provider’s tokens are revoked', () => {
  const issuer = 'https://id.example';
  const oidc = (discovered: object, settings: object) => {
    return createPartyFinder({
      allowLoopback: false,
      egress: () =>
        Promise.resolve({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: Uint8Array.from(Buffer.from(JSON.stringify({ issuer, ...discovered }))),
        }),
    })(providerOf({ kind: 'oidc', issuer, ...withoutEndpoints, ...settings }));
  };
  const withoutEndpoints = { authorizationEndpoint: undefined, tokenEndpoint: undefined };
  const discovered = { revocation_endpoint: `${issuer}/revoke` };

  it('is where discovery says', async () => {
    const { server } = await oidc(discovered, {});
    assert.equal(server.revocation_endpoint, `${issuer}/revoke`);
  });

  it('is where the settings say where discovery says nothing, or it is asked in its own way', async () => {
    const written = oauth2.revocationEndpoint;
    assert.equal((await oidc({}, {})).server.revocation_endpoint, written);
    const own = { revocation: { by: 'access_token', parameters: {} } };
    assert.equal((await oidc(discovered, own)).server.revocation_endpoint, written);
  });
});
