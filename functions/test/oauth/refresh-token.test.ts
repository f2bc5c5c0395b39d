import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as v from 'valibot';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import { type TokenSet, tokenSetOf, tokenSetSchema } from '../../src/oauth/token-set.ts';
import { idTokenWith, partyAnswering } from './parties.ts';

const obtainedAt = Date.parse('2026-06-01T12:00:00Z');
const old = {
  accessToken: 'old access',
  tokenType: 'bearer',
  refreshToken: 'old refresh',
  scopes: ['read', 'write'],
  obtainedAt: obtainedAt - 3_600_000,
  expiresAt: obtainedAt,
} as const satisfies TokenSet;

/** The token set that follows from an answer of the token endpoint. */
async function following(
  answer: Response,
  previous: typeof old & { readonly idToken?: string } = old,
  life: { readonly accessTokenSeconds?: number } = {},
): Promise<TokenSet> {
  const { scopes } = previous;
  const said = await spendRefreshToken(
    partyAnswering(() => answer, life),
    { ...previous, scopes: [...scopes] },
  );
  return tokenSetOf(said, {
    provider: { scopeSeparator: ' ', keep: [], life },
    scopes,
    obtainedAt,
    previous: { ...previous, scopes: [...scopes] },
  });
}

/** After an answer with these members beside the tokens. */
const followingMembers = (
  members: object,
  life?: { readonly accessTokenSeconds?: number },
): Promise<TokenSet> =>
  following(
    Response.json({
      access_token: 'new access',
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: 'new refresh',
      ...members,
    }),
    old,
    life,
  );

describe('an answer with an access token', () => {
  it('yields a token set with it and the newest refresh token, whatever else it says', async () => {
    const anything = fc.option(
      fc.oneof(
        fc.jsonValue(),
        fc.string(),
        fc.double(),
        fc.constantFrom(
          '3600',
          'Bearer',
          'mac',
          1e15,
          -1,
          0.5,
          '',
          ' ',
          'constructor',
          '__proto__',
        ),
      ),
      { nil: undefined },
    );
    const members = fc.record({
      access_token: fc.string({ minLength: 1, unit: 'binary' }),
      token_type: anything,
      expires_in: anything,
      refresh_token: anything,
      refresh_token_expires_in: anything,
      scope: anything,
      id_token: anything,
      error: anything,
      error_description: anything,
    });
    const own = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(members, own, fc.constantFrom(200, 201), async (told, more, status) => {
        const text = JSON.stringify({ ...more, ...told });
        const tokenSet = await following(new Response(text, { status }));
        const { access_token: accessToken, refresh_token: refreshToken } = told;
        const isNew = typeof refreshToken === 'string' && refreshToken !== '';
        assert.equal(tokenSet.accessToken, accessToken);
        assert.equal(tokenSet.refreshToken, isNew ? refreshToken : old.refreshToken);
        assert.ok(tokenSet.expiresAt === undefined || tokenSet.expiresAt >= obtainedAt + 1_000);
        // What is sealed now can be opened again.
        const opened = v.parse(tokenSetSchema, JSON.parse(JSON.stringify(tokenSet)));
        assert.deepEqual(opened, tokenSet);
      }),
      { numRuns: 500 },
    );
  });

  const lifetimes: readonly (readonly [value: unknown, seconds: number | undefined])[] = [
    [3_600, 3_600],
    ['3600', 3_600],
    [' 3600 ', 3_600],
    [3_600.9, 3_600],
    ['3600.9', 3_600],
    [1, 1],
    [undefined, undefined],
    [null, undefined],
    [0, undefined],
    [0.9, undefined],
    ['0', undefined],
    [-5, undefined],
    ['-5', undefined],
    [1e15, undefined],
    ['soon', undefined],
    ['', undefined],
    ['3600 seconds', undefined],
    [true, undefined],
    [[3_600], undefined],
    [{}, undefined],
  ];
  for (const [value, seconds] of lifetimes) {
    const told = seconds === undefined ? 'nothing' : `${seconds} s`;
    it(`tells ${told} by expires_in ${JSON.stringify(value)}`, async () => {
      const life = { accessTokenSeconds: 120 };
      const tokenSet = await followingMembers({ expires_in: value });
      const expected = seconds === undefined ? undefined : obtainedAt + seconds * 1_000;
      assert.equal(tokenSet.expiresAt, expected);
      const { expiresAt } = await followingMembers({ expires_in: value }, life);
      assert.equal(expiresAt, obtainedAt + (seconds ?? life.accessTokenSeconds) * 1_000);
    });
  }

  const scopes: readonly (readonly [value: unknown, scopes: readonly string[]])[] = [
    ['read', ['read']],
    ['read  write', ['read', 'write']],
    ['', []],
    [
      ['read', 'admin'],
      ['read', 'admin'],
    ],
    ['read,write', ['read', 'write']],
    [undefined, old.scopes],
    [null, old.scopes],
    [7, old.scopes],
    [{ read: true }, old.scopes],
    [['read', 7], old.scopes],
  ];
  for (const [value, expected] of scopes) {
    it(`tells the scopes ${expected.join(' ') || '(none)'} by ${JSON.stringify(value)}`, async () => {
      assert.deepEqual((await followingMembers({ scope: value })).scopes, expected);
    });
  }

  const types: readonly (readonly [value: unknown, type: string])[] = [
    ['Bearer', 'bearer'],
    ['BEARER', 'bearer'],
    [' bearer ', 'bearer'],
    [undefined, 'bearer'],
    [null, 'bearer'],
    ['', 'bearer'],
    ['mac', 'mac'],
    ['DPoP', 'dpop'],
    [7, 'unreadable'],
    [' ', 'unreadable'],
  ];
  for (const [value, expected] of types) {
    it(`has the type ${expected} by ${JSON.stringify(value)}`, async () => {
      assert.equal((await followingMembers({ token_type: value })).tokenType, expected);
    });
  }

  it('may be a form', async () => {
    const body = new URLSearchParams({ access_token: 'a+b c', expires_in: '60', scope: 'read' });
    const { accessToken, refreshToken, expiresAt, scopes } = await following(new Response(body));
    assert.deepEqual(
      { accessToken, refreshToken, expiresAt, scopes },
      {
        accessToken: 'a+b c',
        refreshToken: old.refreshToken,
        expiresAt: obtainedAt + 60_000,
        scopes: ['read'],
      },
    );
  });

  it('may be JSON by another name', async () => {
    for (const type of ['text/plain', 'text/html', 'application/x-www-form-urlencoded']) {
      const headers = { 'content-type': type };
      const answer = new Response('{"access_token":"new access"}', { headers });
      assert.equal((await following(answer)).accessToken, 'new access', type);
    }
  });
});

describe('the ID token of a refresh (OpenID Connect Core 1.0 §12.2)', () => {
  const mine = idTokenWith({ nonce: 'of the first' });
  const followingIdToken = (idToken: unknown, previous: string | undefined = mine) =>
    following(Response.json({ access_token: 'new access', id_token: idToken }), {
      ...old,
      idToken: previous,
    });

  it("takes the old one's place", async () => {
    const next = idTokenWith({});
    assert.equal((await followingIdToken(next)).idToken, next);
  });

  const invalid: readonly (readonly [what: string, idToken: unknown])[] = [
    ['is no JWT', 'soon'],
    ['is no text', { sub: 'ada' }],
    ['is empty', ''],
    ['is over', idTokenWith({ exp: 1 })],
    ['is for another client', idTokenWith({ aud: 'another' })],
    ['is of another issuer', idTokenWith({ iss: 'https://two.example' })],
    ['has no subject', idTokenWith({ sub: undefined })],
  ];
  for (const [what, idToken] of invalid) {
    it(`stays the old one where the new one ${what}; the tokens are kept`, async () => {
      const tokenSet = await followingIdToken(idToken);
      assert.equal(tokenSet.accessToken, 'new access');
      assert.equal(tokenSet.idToken, mine);
    });
  }

  for (const [what, idToken] of [
    ['', idTokenWith({ sub: 'bob' })],
    [', also of one that is over', idTokenWith({ sub: 'bob', exp: 1 })],
  ] as const) {
    it(`refuses the tokens of another account${what}`, async () => {
      await assert.rejects(
        followingIdToken(idToken),
        (error) => error instanceof OAuthFailure && error.kind === 'account',
      );
    });
  }
});
