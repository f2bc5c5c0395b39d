import assert from 'node:assert/strict';
import { type Answer, type Ask, type Outside, startOutside } from './served.ts';
import { idTokenClaims, issue, sessionCookieClaims } from './tokens.ts';

const connectionId = 'c'.repeat(22);
const state = 'unknown-state';

/**
 * Every way in: what a signed-in user is answered there without any connection, and whether the
 * session is checked with Firebase Auth.
 */
const ways: Readonly<
  Record<string, { ask: (outside: Outside) => Ask; status: number; checks: boolean }>
> = {
  'connections-begin': {
    ask: ({ callable }) => callable('connections-begin', { provider: 'sandbox' }),
    status: 200,
    checks: true,
  },
  'connections-complete': {
    ask: ({ callable }) => callable('connections-complete', { state, code: 'code' }),
    status: 404,
    checks: true,
  },
  'connections-token': {
    ask: ({ callable }) => callable('connections-token', { connectionId }),
    status: 404,
    checks: true,
  },
  'connections-disconnect': {
    ask: ({ callable }) => callable('connections-disconnect', { connectionId }),
    status: 404,
    checks: true,
  },
  'connections-export': {
    ask: ({ callable }) => callable('connections-export', {}),
    status: 200,
    checks: true,
  },
  'GET /v1/export': {
    ask: ({ rest }) => rest('GET', '/v1/export'),
    status: 200,
    checks: true,
  },
  'connections-forget': {
    ask: ({ callable }) => callable('connections-forget', {}),
    status: 200,
    checks: true,
  },
  'DELETE /v1/connections': {
    ask: ({ rest }) => rest('DELETE', '/v1/connections'),
    status: 200,
    checks: true,
  },
  'audit-list': {
    ask: ({ callable }) => callable('audit-list', {}),
    status: 200,
    checks: false,
  },
  'GET /v1/audit': {
    ask: ({ rest }) => rest('GET', '/v1/audit'),
    status: 200,
    checks: false,
  },
  'POST /v1/connections': {
    ask: ({ rest }) => rest('POST', '/v1/connections', { provider: 'sandbox' }),
    status: 200,
    checks: true,
  },
  'POST /v1/connections/complete': {
    ask: ({ rest }) => rest('POST', '/v1/connections/complete', { state, code: 'code' }),
    status: 404,
    checks: true,
  },
  'POST /v1/connections/{id}/token': {
    ask: ({ rest }) => rest('POST', `/v1/connections/${connectionId}/token`),
    status: 404,
    checks: true,
  },
  'DELETE /v1/connections/{id}': {
    ask: ({ rest }) => rest('DELETE', `/v1/connections/${connectionId}`),
    status: 404,
    checks: true,
  },
  'providers-list': {
    ask: ({ callable }) => callable('providers-list', {}),
    status: 200,
    checks: false,
  },
  'connections-list': {
    ask: ({ callable }) => callable('connections-list', {}),
    status: 200,
    checks: false,
  },
  'connections-get': {
    ask: ({ callable }) => callable('connections-get', { connectionId }),
    status: 404,
    checks: false,
  },
  'connections-call': {
    ask: ({ callable }) =>
      callable('connections-call', { connectionId, method: 'GET', path: '/me' }),
    status: 404,
    checks: false,
  },
  'GET /v1/providers': {
    ask: ({ rest }) => rest('GET', '/v1/providers'),
    status: 200,
    checks: false,
  },
  'GET /v1/connections': {
    ask: ({ rest }) => rest('GET', '/v1/connections'),
    status: 200,
    checks: false,
  },
  'GET /v1/connections/{id}': {
    ask: ({ rest }) => rest('GET', `/v1/connections/${connectionId}`),
    status: 404,
    checks: false,
  },
  'POST /v1/connections/{id}/call': {
    ask: ({ rest }) =>
      rest('POST', `/v1/connections/${connectionId}/call`, { method: 'GET', path: '/me' }),
    status: 404,
    checks: false,
  },
  'ANY /v1/connections/{id}/proxy/{path}': {
    ask: ({ rest }) => rest('GET', `/v1/connections/${connectionId}/proxy/me`),
    status: 404,
    checks: false,
  },
};

describe('a session that has ended before its token did', function () {
  this.timeout(60_000);
  let outside: Outside;

  before(async () => {
    outside = await startOutside();
  });

  after(() => outside.stop());

  const now = () => Math.floor(Date.now() / 1_000);
  const ended: Readonly<Record<string, (uid: string) => void>> = {
    'was revoked': (uid) => outside.google.accounts.set(uid, { validSince: now() }),
    'belongs to a disabled user': (uid) => outside.google.accounts.set(uid, { disabled: true }),
    'belongs to a deleted user': (uid) => outside.google.accounts.delete(uid),
  };
  const bearer = (uid: string) => ({
    authorization: `Bearer ${issue(outside.google.idTokenKey, idTokenClaims(uid))}`,
  });
  const cookie = (uid: string) => ({
    cookie: `__session=${issue(outside.google.sessionCookieKey, sessionCookieClaims(uid))}`,
    'sec-fetch-site': 'same-origin',
  });
  const expect = (answer: Answer, status: number) =>
    assert.equal(answer.status, status, JSON.stringify(answer.body));

  for (const [name, { ask, status, checks }] of Object.entries(ways)) {
    const credentials = {
      'an ID token': bearer,
      ...(name.includes('/') && { 'a cookie': cookie }),
    };
    for (const [what, credential] of Object.entries(credentials)) {
      it(`lets a living one through to ${name} with ${what}`, async () => {
        const uid = 'living';
        outside.google.accounts.set(uid, { validSince: now() - 3_600 });
        const lookups = outside.google.lookups();
        expect(await ask(outside)(credential(uid)), status);
        assert.equal(outside.google.lookups() - lookups, checks ? 1 : 0, 'look-ups');
      });
      for (const [why, end] of Object.entries(ended)) {
        const uid = why.replaceAll(' ', '-');
        if (checks) {
          it(`and ${why} is refused by ${name} with ${what}, and nothing is done`, async () => {
            end(uid);
            const answer = await ask(outside)(credential(uid));
            expect(answer, 401);
            assert.equal(answer.code, 'unauthenticated');
            assert.equal(await outside.begun(uid), 0);
          });
        } else {
          it(`and ${why} is not asked about by ${name} with ${what}`, async () => {
            end(uid);
            expect(await ask(outside)(credential(uid)), status);
          });
        }
      }
    }
    if (!checks) continue;
    it(`cannot be told apart while Firebase Auth is down: ${name} is unavailable`, async () => {
      const uid = 'unknowable';
      outside.google.accounts.set(uid, {});
      outside.google.fail('accounts', 500);
      try {
        const answer = await ask(outside)(bearer(uid));
        expect(answer, 503);
        assert.equal(answer.code, 'unavailable');
        assert.match(JSON.stringify(answer.body), /firebase-auth/);
        assert.equal(await outside.begun(uid), 0);
      } finally {
        outside.google.fail('accounts', undefined);
      }
    });
  }
});
