import assert from 'node:assert/strict';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { type Auth, getAuth } from 'firebase-admin/auth';
import { until } from '../../../sandbox/demo/until.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { codeOf } from './google.ts';
import { type Outside, startOutside } from './served.ts';
import { idTokenClaims, issue } from './tokens.ts';

/** Who asks with a token of his own. */
type Asking = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: unknown }>;

const field = (value: unknown, name: string): string => String(Object(value)[name]);
const me = { method: 'GET', path: '/me' };

/** Connects the account of that name at the sandbox provider, over REST. @returns the connection's id. */
async function connectBy(ask: Asking, account: string): Promise<string> {
  const begun = await ask('POST', '/v1/connections', { provider: 'sandbox' });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const told = await authorize({
    authorizationUrl: field(begun.body, 'authorizationUrl'),
    account,
    decision: 'allow',
  });
  const answer = { state: field(begun.body, 'state'), ...Object.fromEntries(told) };
  const connected = await ask('POST', '/v1/connections/complete', answer);
  assert.equal(connected.status, 200, JSON.stringify(connected.body));
  return field(connected.body, 'id');
}

/** As deployed in the sandbox, with users of the Auth emulator. */
describe('a user of the Auth emulator who is disabled or signed out everywhere', function () {
  this.timeout(120_000);
  let app: ReturnType<typeof initializeApp>;
  let auth: Auth;
  const host = process.env['FIREBASE_AUTH_EMULATOR_HOST'];

  before(() => {
    process.env['FIREBASE_AUTH_EMULATOR_HOST'] = `127.0.0.1:${stack.ports.auth}`;
    app = initializeApp({ projectId: stack.projectId }, 'callers');
    auth = getAuth(app);
  });
  after(async () => {
    await deleteApp(app);
    if (host === undefined) delete process.env['FIREBASE_AUTH_EMULATOR_HOST'];
    else process.env['FIREBASE_AUTH_EMULATOR_HOST'] = host;
  });

  const password = 'a password of the emulator';
  const emailOf = (name: string) => `${name}@callers.example`;
  const token = async (operation: string, name: string) => {
    const url = `${stack.urls.auth}/identitytoolkit.googleapis.com/v1/accounts:${operation}?key=demo`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: emailOf(name), password, returnSecureToken: true }),
    });
    const body: unknown = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    return { uid: field(body, 'localId'), idToken: field(body, 'idToken') };
  };
  const asking =
    (idToken: string): Asking =>
    async (method, path, body) => {
      const response = await fetch(`${stack.urls.hosting}${path}`, {
        method,
        headers: { authorization: `Bearer ${idToken}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    };
  const callable = async (idToken: string, name: string, data: unknown) => {
    const response = await fetch(stack.urls.callable.replace('{name}', name), {
      method: 'POST',
      headers: { authorization: `Bearer ${idToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data }),
    });
    const body: unknown = await response.json();
    return { status: response.status, code: codeOf(body), body };
  };
  const statusShown = async (uid: string, id: string) => {
    const documents = `/v1/projects/${stack.projectId}/databases/(default)/documents`;
    const found = await fetch(
      `${stack.urls.firestore}${documents}/strongroom/${uid}/connections/${id}`,
      { headers: { authorization: 'Bearer owner' } },
    );
    const body: unknown = await found.json();
    return Object(body).fields?.status?.stringValue;
  };

  it('has his connections paused by his own callable, and going on as soon as he is back', async () => {
    const { uid, idToken } = await token('signUp', 'disabled');
    const id = await connectBy(asking(idToken), 'disabled');
    try {
      await auth.updateUser(uid, { disabled: true });
      const { status } = await callable(idToken, 'connections-begin', { provider: 'sandbox' });
      assert.equal(status, 401);
      assert.equal(await statusShown(uid, id), 'paused');

      await auth.updateUser(uid, { disabled: false });
      const back = await callable(idToken, 'connections-call', { connectionId: id, ...me });
      assert.equal(back.status, 200, JSON.stringify(back.body));
      assert.equal(await statusShown(uid, id), 'active');
    } finally {
      await auth.deleteUser(uid);
    }
  });

  it('has them paused where his sessions are revoked, and going on with a new one only', async () => {
    const { uid, idToken } = await token('signUp', 'signed-out');
    const id = await connectBy(asking(idToken), 'signed-out');
    try {
      // Firebase counts in seconds: what was issued in the second of the revocation lives.
      await until('the revocation', async () => {
        await auth.revokeRefreshTokens(uid);
        const { status } = await asking(idToken)('DELETE', `/v1/connections/${'x'.repeat(22)}`);
        return status === 401;
      });
      assert.equal(await statusShown(uid, id), 'paused');
      const { idToken: renewed } = await token('signInWithPassword', 'signed-out');
      const call = `/v1/connections/${id}/call`;
      assert.equal((await asking(renewed)('POST', call, me)).status, 200);
      assert.equal(await statusShown(uid, id), 'active');
    } finally {
      await auth.deleteUser(uid);
    }
  });
});

describe('a paused connection, where tokens are verified as in the cloud', function () {
  this.timeout(60_000);
  let outside: Outside;

  before(async () => {
    outside = await startOutside({ STRONGROOM_CHECK_REVOKED: 'connections-list' });
  });
  after(() => outside.stop());

  const bearer = (uid: string, change = {}) => ({
    authorization: `Bearer ${issue(outside.google.idTokenKey, { ...idTokenClaims(uid), ...change })}`,
  });
  const asking =
    (headers: Readonly<Record<string, string>>): Asking =>
    (method, path, body) =>
      outside.rest(method, path, body)(headers);
  const now = () => Math.floor(Date.now() / 1_000);

  it('is still so for a token of the session that was revoked', async () => {
    const uid = 'revoked-caller';
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() - 60_000 });
    const headers = bearer(uid);
    const id = await connectBy(asking(headers), uid);
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() - 60_000, validSince: now() });
    assert.equal((await asking(headers)('DELETE', `/v1/connections/${id}`)).status, 401);

    // Reading asks nobody about the session: the pause is what stops him.
    const shown = await asking(headers)('GET', `/v1/connections/${id}`);
    assert.deepEqual([shown.status, field(shown.body, 'status')], [200, 'paused']);
    for (const [method, path, body] of [
      ['POST', `/v1/connections/${id}/call`, me],
      ['GET', `/v1/connections/${id}/proxy/me`, undefined],
    ] as const) {
      const answer = await asking(headers)(method, path, body);
      assert.equal(answer.status, 401, `${method} ${path}`);
    }
    const renewed = bearer(uid, { auth_time: now() + 1, iat: now() });
    const back = await asking(renewed)('GET', `/v1/connections/${id}/proxy/me`);
    assert.equal(back.status, 200);
    const active = await asking(renewed)('GET', `/v1/connections/${id}`);
    assert.equal(field(active.body, 'status'), 'active');
  });

  it('does not come about by an old token of a user who has signed in since', async () => {
    const uid = 'two-sessions';
    const old = bearer(uid);
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() });
    const id = await connectBy(asking(old), uid);
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() + 5_000, validSince: now() });
    assert.equal((await asking(old)('DELETE', `/v1/connections/${id}`)).status, 401);
    const shown = await asking(bearer(uid, { auth_time: now() + 1 }))(
      'GET',
      `/v1/connections/${id}`,
    );
    assert.equal(field(shown.body, 'status'), 'active');
  });

  it('does not come about by a token that anybody made up', async () => {
    const uid = 'made-up';
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() });
    const id = await connectBy(asking(bearer(uid)), uid);
    outside.google.accounts.set(uid, { disabled: true, lastSignInAt: Date.now() });
    const forged = issue(outside.google.sessionCookieKey, idTokenClaims(uid));
    const lookups = outside.google.lookups();
    const { status } = await asking({ authorization: `Bearer ${forged}` })(
      'DELETE',
      `/v1/connections/${id}`,
    );
    assert.equal(status, 401);
    assert.equal(outside.google.lookups(), lookups);
    const shown = await asking(bearer(uid))('GET', `/v1/connections/${id}`);
    assert.equal(field(shown.body, 'status'), 'active');
  });

  it('follows where an operation that the team named checks the session', async () => {
    const uid = 'named-operation';
    outside.google.accounts.set(uid, { lastSignInAt: Date.now() });
    const id = await connectBy(asking(bearer(uid)), uid);
    outside.google.accounts.set(uid, { disabled: true, lastSignInAt: Date.now() });
    assert.equal((await outside.callable('connections-list', {})(bearer(uid))).status, 401);
    assert.equal((await outside.callable('providers-list', {})(bearer(uid))).status, 200);
    const shown = await asking(bearer(uid))('GET', `/v1/connections/${id}`);
    assert.equal(field(shown.body, 'status'), 'paused');
  });
});
