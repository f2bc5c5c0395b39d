import assert from 'node:assert/strict';
import { type FailureKind, OAuthFailure } from '../../src/oauth/failure.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import { partyAnswering } from './parties.ts';

const tokenSet = {
  accessToken: 'old access',
  tokenType: 'bearer',
  refreshToken: 'old refresh',
  scopes: [],
  obtainedAt: 0,
};

async function failureOf(answer: Response, life?: object): Promise<OAuthFailure> {
  const spent = spendRefreshToken(
    partyAnswering(() => answer, life),
    tokenSet,
  );
  const error: unknown = await spent.then(
    () => assert.fail('no failure'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OAuthFailure);
  return error;
}

const says = (status: number, error: unknown, headers: Record<string, string> = {}) =>
  Response.json({ error }, { status, headers });

describe('who must act after an answer without a token', () => {
  const challenge = { 'www-authenticate': 'Basic realm="token"' };
  const cases: readonly (readonly [what: string, answer: () => Response, kind: FailureKind])[] = [
    ['400 invalid_grant', () => says(400, 'invalid_grant'), 'user'],
    ['200 invalid_grant', () => says(200, 'invalid_grant'), 'user'],
    ['401 invalid_grant with a challenge', () => says(401, 'invalid_grant', challenge), 'user'],
    [
      '200 invalid_grant as a form',
      () => new Response(new URLSearchParams({ error: 'invalid_grant' })),
      'user',
    ],
    [
      '400 invalid_grant called text',
      () => new Response('{"error":"invalid_grant"}', { status: 400 }),
      'user',
    ],
    ['401 invalid_client', () => says(401, 'invalid_client'), 'operator'],
    ['200 invalid_client', () => says(200, 'invalid_client'), 'operator'],
    [
      '401 with a challenge alone',
      () => new Response('', { status: 401, headers: challenge }),
      'operator',
    ],
    ['400 temporarily_unavailable', () => says(400, 'temporarily_unavailable'), 'transient'],
    ['200 temporarily_unavailable', () => says(200, 'temporarily_unavailable'), 'transient'],
    ['500 invalid_grant', () => says(500, 'invalid_grant'), 'transient'],
    ['429 invalid_grant', () => says(429, 'invalid_grant'), 'transient'],
    ['400 with a code nobody knows', () => says(400, 'odd'), 'invalid'],
    ['400 with an error that is no text', () => says(400, { code: 190 }), 'invalid'],
    ['200 without anything', () => Response.json({}), 'invalid'],
    ['200 with a list', () => Response.json([]), 'invalid'],
    ['200 with an empty token', () => Response.json({ access_token: '' }), 'invalid'],
    ['200 without a body', () => new Response(null), 'invalid'],
    ['204', () => new Response(null, { status: 204 }), 'invalid'],
    ['302', () => new Response('', { status: 302 }), 'invalid'],
    ['404 with a page', () => new Response('<html>', { status: 404 }), 'invalid'],
  ];
  for (const [what, answer, kind] of cases) {
    it(`is ${kind} by ${what}`, async () => {
      assert.equal((await failureOf(answer())).kind, kind);
    });
  }

  describe('where the settings name codes of the provider', () => {
    const life = {
      permanentErrors: ['token_revoked', 'invalid_request'],
      transientErrors: ['try_later', 'invalid_client'],
    };
    const own: readonly (readonly [status: number, error: string, kind: FailureKind])[] = [
      [400, 'token_revoked', 'user'],
      [200, 'token_revoked', 'user'],
      [400, 'try_later', 'transient'],
      [200, 'try_later', 'transient'],
      [400, 'invalid_request', 'user'],
      [401, 'invalid_client', 'transient'],
      [400, 'invalid_grant', 'user'],
      [503, 'token_revoked', 'transient'],
    ];
    for (const [status, error, kind] of own) {
      it(`is ${kind} by ${status} ${error}`, async () => {
        const failure = await failureOf(says(status, error), life);
        assert.equal(failure.kind, kind);
      });
    }

    it('is user by the description, to the letter, where the code says too little', async () => {
      const told = { permanentErrors: ['The token was invalid.'], transientErrors: [] };
      const kindOf = async (description: unknown) => {
        const body = { error: 'invalid_request', error_description: description };
        return (await failureOf(Response.json(body, { status: 400 }), told)).kind;
      };
      assert.equal(await kindOf('The token was invalid.'), 'user');
      assert.equal(await kindOf('The token was invalid'), 'operator');
      assert.equal(await kindOf(7), 'operator');
    });

    it('passes the code on', async () => {
      const failure = await failureOf(says(400, 'token_revoked'), life);
      assert.equal(failure.providerError, 'token_revoked');
    });
  });
});

describe('Retry-After (RFC 9110 §10.2.3)', () => {
  const secondsOf = async (headers: Record<string, string>) =>
    (await failureOf(new Response('', { status: 429, headers }))).retryAfterSeconds;
  const at = (time: number) => new Date(time).toUTCString();

  it('is seconds', async () => {
    assert.equal(await secondsOf({ 'retry-after': '7' }), 7);
  });

  it("is a date, counted from the answer's own: our clock does not matter", async () => {
    const sentAt = Date.parse('2001-01-01T00:00:00Z');
    const headers = { date: at(sentAt), 'retry-after': at(sentAt + 90_000) };
    assert.equal(await secondsOf(headers), 90);
  });

  it('is a date, counted from now where the answer has none', async () => {
    const seconds = (await secondsOf({ 'retry-after': at(Date.now() + 90_000) })) ?? 0;
    assert.ok(seconds > 80 && seconds <= 90, String(seconds));
  });

  it('is now by a date that is past', async () => {
    const sentAt = Date.parse('2001-01-01T00:00:00Z');
    assert.equal(await secondsOf({ date: at(sentAt), 'retry-after': at(sentAt - 5_000) }), 0);
  });

  for (const value of ['soon', '', '-1', '1.5', '9'.repeat(400)]) {
    it(`is nothing by ${JSON.stringify(value.slice(0, 10))}`, async () => {
      assert.equal(await secondsOf({ 'retry-after': value }), undefined);
    });
  }
});
