import assert from 'node:assert/strict';
import { type Ask, type Outside, startOutside } from './served.ts';
import {
  byHs256,
  byNobody,
  idTokenClaims,
  issue,
  jwt,
  newKey,
  projectId,
  sessionCookieClaims,
} from './tokens.ts';

const uid = 'cookie-user';
const now = () => Math.floor(Date.now() / 1_000);
const claims = (change: Readonly<Record<string, unknown>> = {}) => ({
  ...sessionCookieClaims(uid),
  ...change,
});
const rogue = newKey('session-cookie-key');

describe('the session cookie of a caller of the REST API, verified as in the cloud', function () {
  this.timeout(60_000);
  let outside: Outside;

  before(async () => {
    outside = await startOutside();
    outside.google.accounts.set(uid, {});
  });

  after(() => outside.stop());

  const targets: Readonly<Record<string, () => Ask>> = {
    'POST /v1/connections': () => outside.rest('POST', '/v1/connections', { provider: 'sandbox' }),
    'GET /v1/connections': () => outside.rest('GET', '/v1/connections'),
    'GET /v1/connections/{id}/proxy/{path}': () =>
      outside.rest('GET', `/v1/connections/${'c'.repeat(22)}/proxy/me`),
  };
  const one = `/v1/connections/${'c'.repeat(22)}`;
  /** All that asks for a change. */
  const changing: readonly (readonly [string, string])[] = [
    ['POST', '/v1/connections'],
    ['POST', '/v1/connections/complete'],
    ['DELETE', '/v1/connections'],
    ['DELETE', one],
    ['POST', `${one}/token`],
    ['POST', `${one}/call`],
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(
      (method) => [method, `${one}/proxy/me`] as const,
    ),
  ];
  const session = (change = {}) => issue(outside.google.sessionCookieKey, claims(change));
  type RequestHeaders = Readonly<Record<string, string>>;

  const taken = async (headers: RequestHeaders) => {
    for (const [name, ask] of Object.entries(targets)) {
      const { status, body } = await ask()(headers);
      // 404: the caller is known, the connection is not.
      const expected = name.includes('proxy') ? 404 : 200;
      assert.equal(status, expected, `${name}: ${JSON.stringify(body)}`);
    }
  };
  const refused = async (headers: RequestHeaders) => {
    const begun = await outside.begun(uid);
    for (const [name, ask] of Object.entries(targets)) {
      const { status, code } = await ask()(headers);
      assert.deepEqual({ status, code }, { status: 401, code: 'unauthenticated' }, name);
    }
    assert.equal(await outside.begun(uid), begun);
  };

  const fromTheApp = { 'sec-fetch-site': 'same-origin' };
  const alone: Readonly<Record<string, (cookie: string) => string>> = {
    'by itself': (cookie) => `__session=${cookie}`,
    'after others': (cookie) => `a=b; c=d; __session=${cookie}`,
    'before others': (cookie) => `__session=${cookie}; a=b`,
    'without a space between': (cookie) => `a=b;__session=${cookie};c=d`,
    'beside one that only ends like it': (cookie) => `x__session=no; __session=${cookie}`,
  };
  for (const [where, write] of Object.entries(alone)) {
    it(`is taken ${where}`, () => taken({ cookie: write(session()), ...fromTheApp }));
  }

  const meant: Readonly<Record<string, RequestHeaders>> = {
    "the app's own page": { 'sec-fetch-site': 'same-origin', origin: 'https://app.example' },
    'a page of the app in a browser that names its origin only': { origin: 'https://app.example' },
  };
  for (const [from, headers] of Object.entries(meant)) {
    it(`is taken from ${from}`, () =>
      taken({ cookie: `__session=${session()}`, 'x-forwarded-host': 'app.example', ...headers }));
  }

  const onlyToRead: Readonly<Record<string, RequestHeaders>> = {
    'the address bar': { 'sec-fetch-site': 'none' },
    'a program that is no browser': {},
  };
  for (const [from, headers] of Object.entries(onlyToRead)) {
    it(`changes nothing from ${from}, and is taken to read`, async () => {
      const cookie = `__session=${session()}`;
      const begun = await outside.begun(uid);
      for (const [method, path] of changing) {
        const { status, code } = await outside.rest(method, path, {})({ cookie, ...headers });
        assert.deepEqual([status, code], [401, 'unauthenticated'], `${method} ${path}`);
      }
      assert.equal(await outside.begun(uid), begun);
      const { status } = await outside.rest('GET', '/v1/connections')({ cookie, ...headers });
      assert.equal(status, 200);
    });
  }

  const forged: Readonly<Record<string, RequestHeaders>> = {
    "the app's own host without TLS, where the browser says no more": {
      origin: 'http://app.example',
      'x-forwarded-host': 'app.example',
    },
    'a host whose name begins like it': {
      origin: 'https://app.example.evil.example',
      'x-forwarded-host': 'app.example',
    },
    'another site': { 'sec-fetch-site': 'cross-site' },
    'another site, by a form': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    'another host of the same site': { 'sec-fetch-site': 'same-site' },
    'a page of a kind that does not exist': { 'sec-fetch-site': 'SAME-ORIGIN' },
    'a page that names no kind': { 'sec-fetch-site': '' },
    'another origin, where the browser says no more': { origin: 'https://evil.example' },
    'an origin that hides itself': { origin: 'null' },
  };
  for (const [from, headers] of Object.entries(forged)) {
    it(`is refused from ${from}`, () => refused({ cookie: `__session=${session()}`, ...headers }));
    it(`is not missed from ${from} where an ID token proves the caller`, async () => {
      const token = issue(outside.google.idTokenKey, idTokenClaims(uid));
      await taken({ authorization: `Bearer ${token}`, ...headers });
    });
  }

  const wrong: Readonly<Record<string, () => string>> = {
    'an empty one': () => '',
    junk: () => 'junk',
    'an ID token': () => issue(outside.google.idTokenKey, idTokenClaims(uid)),
    'the claims of an ID token under the key of cookies': () =>
      issue(outside.google.sessionCookieKey, idTokenClaims(uid)),
    'its claims under the key of ID tokens': () => issue(outside.google.idTokenKey, claims()),
    "somebody else's signature": () => issue(rogue, claims()),
    'alg none': () => jwt({ alg: 'none', kid: rogue.kid, typ: 'JWT' }, claims(), byNobody),
    'HS256 keyed with the public key': () => {
      const { kid, publicPem } = outside.google.sessionCookieKey;
      return jwt({ alg: 'HS256', kid, typ: 'JWT' }, claims(), byHs256(publicPem));
    },
    'one that is over': () => session({ iat: now() - 7_200, exp: now() - 3_600 }),
    'one of a time to come': () => session({ iat: now() + 3_600, exp: now() + 7_200 }),
    "another project's": () =>
      session({ iss: 'https://session.firebase.google.com/demo-other', aud: 'demo-other' }),
    "another project's audience": () => session({ aud: 'demo-other' }),
    'an issuer elsewhere': () => session({ iss: `https://session.example/${projectId}` }),
    'an empty subject': () => session({ sub: '' }),
  };
  for (const [what, make] of Object.entries(wrong)) {
    it(`is refused: ${what}`, () => refused({ cookie: `__session=${make()}`, ...fromTheApp }));
  }

  for (const name of ['session', '__Session', '__session2', 'Xx__session', '__session ']) {
    it(`is refused under the name ${JSON.stringify(name)}`, () =>
      refused({ cookie: `${name}=${session()}`, ...fromTheApp }));
  }

  it('is refused where there are two: a neighbouring host may have set one', () =>
    refused({ cookie: `__session=${session()}; __session=${session()}`, ...fromTheApp }));

  it('is refused as a bearer token', () => refused({ authorization: `Bearer ${session()}` }));

  it('does not help an Authorization header that is refused', () =>
    refused({ authorization: 'Basic eDp5', cookie: `__session=${session()}`, ...fromTheApp }));

  it('is no credential for a callable', async () => {
    const { status } = await outside.callable(
      'connections-list',
      {},
    )({
      cookie: `__session=${session()}`,
    });
    assert.equal(status, 401);
  });

  it('stands in no log', async () => {
    const cookie = session();
    const bad = issue(rogue, claims());
    await taken({ cookie: `__session=${cookie}`, ...fromTheApp });
    await refused({ cookie: `__session=${bad}`, ...fromTheApp });
    assert.match(outside.output(), /refused/, 'The log was not seen.');
    for (const part of [...cookie.split('.'), ...bad.split('.')]) {
      assert.ok(!outside.output().includes(part), part);
    }
  });
});

describe('a session cookie of another name', function () {
  this.timeout(60_000);
  let outside: Outside;
  before(async () => {
    outside = await startOutside({ STRONGROOM_SESSION_COOKIE: '__Host-session' });
  });
  after(() => outside.stop());

  it('is taken where the team says so, and the usual one is not', async () => {
    const session = issue(outside.google.sessionCookieKey, claims());
    const ask = outside.rest('GET', '/v1/connections');
    assert.equal((await ask({ cookie: `__Host-session=${session}` })).status, 200);
    assert.equal((await ask({ cookie: `__session=${session}` })).status, 401);
  });
});
