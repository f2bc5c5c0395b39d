import assert from 'node:assert/strict';
import {
  type Answered,
  exchangeAt,
  exchanged,
  issuer,
  parametersOf,
  refreshed,
  wiredParty,
} from './wired.ts';

const short: Answered = {
  body: {
    access_token: 'short',
    token_type: 'bearer',
    expires_in: 3_600,
    user_id: 7,
    scope: 'read',
  },
};
const long: Answered = { body: { access_token: 'long', expires_in: 5_184_000 } };
const longLivedToken = { grantType: 'exchange', tokenParameter: 'exchange_token' };
const revocationEndpoint = `${issuer}/revoke`;

describe('a token that is exchanged at once for one that lives longer', () => {
  it('comes with what was told of it, and with the end of the second', async () => {
    const { answer } = await exchanged({ longLivedToken, keep: ['user_id'] }, short, long);
    assert.deepEqual(answer, {
      access_token: 'long',
      token_type: 'bearer',
      expires_in: 5_184_000,
      user_id: 7,
      scope: 'read',
    });
  });

  it('comes with no ID token but that of the first, whose nonce and signature were checked', async () => {
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { iss: issuer, aud: 'our client', sub: 'somebody else', iat, exp: iat + 600 };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unasked = `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
    const { answer } = await exchanged({ longLivedToken }, short, {
      body: { access_token: 'long', id_token: unasked },
    });
    assert.equal(answer.access_token, 'long');
    assert.equal(answer.id_token, undefined);
  });

  it('has no end where only the short one had', async () => {
    const { answer } = await exchanged({ longLivedToken }, short, {
      body: { access_token: 'long' },
    });
    assert.equal(answer.expires_in, undefined);
  });

  it("is asked for at the token endpoint, by the provider's grant type, as our client", async () => {
    const { sent } = await exchanged({ longLivedToken }, short, long);
    const [, request = assert.fail()] = sent;
    assert.equal(sent.length, 2);
    assert.equal(request.url, `${issuer}/token`);
    assert.equal(request.method, 'POST');
    assert.deepEqual(parametersOf(request), {
      grant_type: 'exchange',
      exchange_token: 'short',
      client_id: 'our client',
      client_secret: 'our secret',
    });
  });

  it('is asked for by GET, elsewhere and without our secret where the data says so', async () => {
    const endpoint = 'https://graph.one.example/exchange';
    const { sent } = await exchanged(
      { longLivedToken: { ...longLivedToken, endpoint, method: 'GET', authenticated: false } },
      short,
      long,
    );
    const [, request = assert.fail()] = sent;
    assert.ok(request.url.startsWith(`${endpoint}?`));
    assert.deepEqual(parametersOf(request), { grant_type: 'exchange', exchange_token: 'short' });
    assert.equal(request.method, 'GET');
    assert.equal(request.body, undefined);
    assert.equal(request.headers['authorization'], undefined);
  });

  const failures: readonly (readonly [what: string, answer: Answered, kind: string])[] = [
    ['is refused', { status: 400, body: { error: 'invalid_grant' } }, 'user'],
    ['is refused with status 200', { body: { error: 'invalid_request' } }, 'operator'],
    ['is not to be had now', { status: 503, body: 'later' }, 'transient'],
    ['is answered by something else', { body: '<html>' }, 'invalid'],
  ];
  for (const [what, answer, kind] of failures) {
    it(`leaves no grant behind where it ${what}: the short one is revoked, and no token is told`, async () => {
      const { party, sent } = await wiredParty(
        { longLivedToken, revocationEndpoint },
        short,
        answer,
        { body: '' },
      );
      await assert.rejects(exchangeAt(party), (error: Error) => {
        assert.equal('kind' in error && error.kind, kind);
        assert.equal(
          /short|secret/.test(JSON.stringify([error, error.message, error.stack])),
          false,
        );
        return true;
      });
      const [, , revocation = assert.fail()] = sent;
      assert.equal(sent.length, 3);
      assert.equal(revocation.url, revocationEndpoint);
      assert.equal(parametersOf(revocation)['token'], 'short');
    });
  }

  it('is revoked by what the user said, too, where that is how a grant is ended', async () => {
    const shop = { label: 'Shop', pattern: '[a-z]+', example: 'acme', by: 'user' };
    const parameters = { token: '{token}', shop: '{shop}' };
    const { party, sent } = await wiredParty(
      { longLivedToken, revocationEndpoint, revocation: { parameters }, variables: { shop } },
      short,
      { status: 400, body: { error: 'invalid_request' } },
      { body: '' },
    );
    await assert.rejects(exchangeAt({ ...party, extra: { shop: 'acme' } }), { kind: 'operator' });
    const { token, shop: at } = parametersOf(sent[2] ?? assert.fail('nothing was revoked'));
    assert.deepEqual([token, at], ['short', 'acme']);
  });

  it('is not used where it is of a type that cannot be sent: both are revoked', async () => {
    const { party, sent } = await wiredParty(
      { longLivedToken, revocationEndpoint },
      short,
      { body: { access_token: 'long', token_type: 'mac' } },
      { body: '' },
    );
    await assert.rejects(exchangeAt(party), { code: 'provider_answer_invalid' });
    const revoked = sent.slice(2).map((request) => parametersOf(request)['token']);
    assert.deepEqual(revoked, ['long', 'short']);
  });
});

describe('a token that is renewed by itself', () => {
  const endpoint = 'https://graph.one.example/refresh';
  const entry = {
    quirks: ['refresh-with-access-token'],
    longLivedToken: {
      ...longLivedToken,
      refresh: {
        endpoint,
        method: 'GET',
        grantType: 'renew',
        tokenParameter: 'access_token',
        authenticated: false,
      },
    },
  };

  it('is kept as what is spent next', async () => {
    const { answer } = await exchanged(entry, short, long);
    assert.equal(answer.access_token, 'long');
    assert.equal(answer.refresh_token, 'long');
  });

  it("is spent by the provider's own grant type, and the next one is kept in its place", async () => {
    const { answer, sent } = await refreshed(entry, { body: { access_token: 'longer' } });
    assert.equal(sent.length, 1);
    assert.equal(sent[0]?.url, `${endpoint}?grant_type=renew&access_token=old+refresh`);
    assert.equal(sent[0]?.method, 'GET');
    assert.equal(sent[0]?.headers['authorization'], undefined);
    assert.equal(answer.refresh_token, 'longer');
  });

  it('is spent by POST and as our client where the data says nothing else', async () => {
    const { refresh } = entry.longLivedToken;
    const { grantType, tokenParameter } = refresh;
    const { sent } = await refreshed(
      { ...entry, longLivedToken: { ...longLivedToken, refresh: { grantType, tokenParameter } } },
      { body: { access_token: 'longer' } },
    );
    const [request = assert.fail()] = sent;
    assert.equal(request.url, `${issuer}/token`);
    assert.equal(request.method, 'POST');
    assert.deepEqual(parametersOf(request), {
      grant_type: 'renew',
      access_token: 'old refresh',
      client_id: 'our client',
      client_secret: 'our secret',
    });
  });
});
