import assert from 'node:assert/strict';
import { type Ask, type Outside, startOutside } from './served.ts';
import {
  byHs256,
  byNobody,
  byRs256,
  idTokenClaims,
  issue,
  jwt,
  newKey,
  projectId,
  sessionCookieClaims,
} from './tokens.ts';

const uid = 'bearer-user';

/** A bearer token that is to be refused, made with the keys at hand. */
type Forge = (outside: Outside) => string;

const claims = (change: Readonly<Record<string, unknown>> = {}) => ({
  ...idTokenClaims(uid),
  ...change,
});
const issued =
  (change: Readonly<Record<string, unknown>>): Forge =>
  ({ google }) =>
    issue(google.idTokenKey, claims(change));
const withHeader =
  (header: Readonly<Record<string, unknown>>): Forge =>
  ({ google: { idTokenKey } }) =>
    jwt(
      { alg: 'RS256', kid: idTokenKey.kid, typ: 'JWT', ...header },
      claims(),
      byRs256(idTokenKey),
    );
const withPayload =
  (payload: unknown): Forge =>
  ({ google: { idTokenKey } }) =>
    jwt({ alg: 'RS256', kid: idTokenKey.kid, typ: 'JWT' }, payload, byRs256(idTokenKey));
const now = () => Math.floor(Date.now() / 1_000);
const rogue = newKey('id-token-key');

const forged: Readonly<Record<string, Forge>> = {
  'an empty token': () => '',
  'a word': () => 'junk',
  'three words': () => 'a.b.c',
  'two dots': () => '..',
  'a token cut off before its signature': (outside) => {
    const [header, payload] = issued({})(outside).split('.');
    return `${header}.${payload}`;
  },
  'a token with a part more': (outside) => `${issued({})(outside)}.x`,
  'a signed payload that is no object': withPayload('text'),
  'a signed payload that is null': withPayload(null),
  'a payload that is not JSON': ({ google: { idTokenKey } }) => {
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: idTokenKey.kid, typ: 'JWT' }));
    const input = `${header.toString('base64url')}.${Buffer.from('{').toString('base64url')}`;
    return `${input}.${byRs256(idTokenKey)(input)}`;
  },
  'alg none without a signature': ({ google: { idTokenKey } }) =>
    jwt({ alg: 'none', kid: idTokenKey.kid, typ: 'JWT' }, claims(), byNobody),
  'alg none as the Auth emulator issues it': () =>
    jwt({ alg: 'none', typ: 'JWT' }, claims(), byNobody),
  'alg none with the signature of RS256': withHeader({ alg: 'none' }),
  'alg NonE': withHeader({ alg: 'NonE' }),
  'HS256 keyed with the public key': ({ google: { idTokenKey } }) =>
    jwt({ alg: 'HS256', kid: idTokenKey.kid, typ: 'JWT' }, claims(), byHs256(idTokenKey.publicPem)),
  'RS256 in its header, HS256 keyed with the public key in truth': ({ google: { idTokenKey } }) =>
    jwt({ alg: 'RS256', kid: idTokenKey.kid, typ: 'JWT' }, claims(), byHs256(idTokenKey.publicPem)),
  'RS512 in its header': withHeader({ alg: 'RS512' }),
  'no alg': withHeader({ alg: undefined }),
  "the signature of somebody else's key of the same kid": () => issue(rogue, claims()),
  "somebody else's key brought along (jwk)": ({ google: { idTokenKey } }) =>
    jwt(
      { alg: 'RS256', kid: idTokenKey.kid, jwk: rogue.privateKey.export({ format: 'jwk' }) },
      claims(),
      byRs256(rogue),
    ),
  'a claim changed after signing': (outside) => {
    const [header, , signature] = issued({})(outside).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ sub: 'admin' }))).toString('base64url');
    return `${header}.${payload}.${signature}`;
  },
  'a signature of no bytes': (outside) => issued({})(outside).replace(/[^.]+$/, ''),
  'a kid that Google does not know': withHeader({ kid: 'unknown' }),
  'a kid that every object knows': withHeader({ kid: 'constructor' }),
  'no kid': withHeader({ kid: undefined }),
  "somebody else's key under an empty kid": () =>
    jwt({ alg: 'RS256', kid: '', typ: 'JWT' }, claims(), byRs256(rogue)),
  'an exp that is over': issued({ iat: now() - 7_200, exp: now() - 3_600 }),
  'an exp of this second': issued({ exp: now() }),
  'an nbf to come': issued({ nbf: now() + 3_600 }),
  'an iat to come': issued({ iat: now() + 3_600, exp: now() + 7_200 }),
  "another project's audience": issued({ aud: 'demo-other' }),
  'several audiences, ours among them': issued({ aud: [projectId, 'demo-other'] }),
  'no audience': issued({ aud: undefined }),
  "another project's issuer": issued({ iss: 'https://securetoken.google.com/demo-other' }),
  'an issuer that only begins like ours': issued({
    iss: `https://securetoken.google.com/${projectId}.example`,
  }),
  'an issuer elsewhere': issued({ iss: `https://securetoken.example/${projectId}` }),
  'no issuer': issued({ iss: undefined }),
  'a user of a tenant, who may have the uid of another': issued({
    firebase: { identities: {}, sign_in_provider: 'password', tenant: 'tenant-1' },
  }),
  'an empty subject': issued({ sub: '' }),
  'no subject': issued({ sub: undefined }),
  'a subject that is a number': issued({ sub: 1 }),
  'a subject longer than any uid': issued({ sub: 'a'.repeat(129) }),
  'a session cookie': ({ google }) => issue(google.sessionCookieKey, sessionCookieClaims(uid)),
  'the claims of a session cookie under the key of ID tokens': ({ google }) =>
    issue(google.idTokenKey, sessionCookieClaims(uid)),
  'a custom token': ({ google: { idTokenKey } }) =>
    jwt(
      { alg: 'RS256', typ: 'JWT' },
      {
        iss: `sa@${projectId}.iam.gserviceaccount.com`,
        sub: `sa@${projectId}.iam.gserviceaccount.com`,
        aud: 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit',
        iat: now(),
        exp: now() + 3_600,
        uid,
      },
      byRs256(idTokenKey),
    ),
};

describe('the ID token of a caller, verified as in the cloud', function () {
  this.timeout(60_000);
  let outside: Outside;

  before(async () => {
    outside = await startOutside();
    outside.google.accounts.set(uid, {});
  });

  after(() => outside.stop());

  const begin = { provider: 'sandbox' };
  const targets: Readonly<Record<string, () => Ask>> = {
    'connections-begin': () => outside.callable('connections-begin', begin),
    'connections-list': () => outside.callable('connections-list', {}),
    'POST /v1/connections': () => outside.rest('POST', '/v1/connections', begin),
    'GET /v1/connections': () => outside.rest('GET', '/v1/connections'),
  };
  const valid = () => issue(outside.google.idTokenKey, claims());

  /** Refused by every target, with its stable code, before anything was done. */
  const refusedEverywhere = async (headers: Readonly<Record<string, string>>) => {
    const begun = await outside.begun(uid);
    for (const [name, ask] of Object.entries(targets)) {
      const answer = await ask()(headers);
      const isRest = name.includes('/');
      assert.equal(answer.status, 401, `${name}: ${JSON.stringify(answer.body)}`);
      assert.match(String(answer.code), isRest ? /^unauthenticated$/ : /^unauthenticated$/i, name);
      if (isRest) {
        assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
        // RFC 6750 §3: an error only where there was a token.
        const error = /^bearer\b/i.test(headers['authorization'] ?? '')
          ? ', error="invalid_token"'
          : '';
        const challenge = answer.headers.get('www-authenticate') ?? '';
        assert.equal(
          challenge.replace(/, error_description=.*/, ''),
          `Bearer realm="strongroom"${error}`,
        );
      }
    }
    assert.equal(await outside.begun(uid), begun, 'an authorization was begun');
  };

  it('is all an app needs: the first request of an instance works, and so do all others', async () => {
    const authorization = `Bearer ${valid()}`;
    const before = await outside.begun(uid);
    // The REST API first: no callable has prepared anything for it.
    const statuses: unknown[] = [];
    for (const ask of Object.values(targets).reverse()) {
      statuses.push((await ask()({ authorization })).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    assert.equal(await outside.begun(uid), before + 2);
  });

  for (const scheme of ['bearer', 'BEARER', 'BeArEr']) {
    it(`is taken with the scheme written ${scheme} (RFC 9110 §11.1)`, async () => {
      for (const [name, ask] of Object.entries(targets)) {
        assert.equal((await ask()({ authorization: `${scheme} ${valid()}` })).status, 200, name);
      }
    });
  }

  it('is missed where there is none', () => refusedEverywhere({}));

  const schemes: Readonly<Record<string, (token: string) => string>> = {
    Basic: (token) => `Basic ${token}`,
    'Basic with the token as its password': (token) =>
      `Basic ${Buffer.from(`user:${token}`).toString('base64')}`,
    Token: (token) => `Token ${token}`,
    DPoP: (token) => `DPoP ${token}`,
    'no scheme': (token) => token,
    'Bearer without a space': (token) => `Bearer${token}`,
    'Bearer with a colon': (token) => `Bearer: ${token}`,
    'Bearer twice': (token) => `Bearer Bearer ${token}`,
    'two tokens': (token) => `Bearer ${token}, Bearer ${token}`,
    'nothing after Bearer': () => 'Bearer',
  };
  for (const [what, write] of Object.entries(schemes)) {
    it(`is refused with another scheme: ${what}`, () =>
      refusedEverywhere({ authorization: write(valid()) }));
  }

  for (const [what, forge] of Object.entries(forged)) {
    it(`is refused: ${what}`, () =>
      refusedEverywhere({ authorization: `Bearer ${forge(outside)}` }));
  }

  it('causes no look-up of its user before its signature is verified', async () => {
    const lookups = outside.google.lookups();
    await refusedEverywhere({ authorization: `Bearer ${issue(rogue, claims())}` });
    assert.equal(outside.google.lookups(), lookups);
  });

  it('is refused as a parameter of the URL or of the body', async () => {
    const token = valid();
    for (const path of [`/v1/connections?access_token=${token}`, `/v1/connections?auth=${token}`]) {
      assert.equal((await outside.rest('GET', path)({})).status, 401);
    }
    const body = { ...begin, access_token: token };
    assert.equal((await outside.rest('POST', '/v1/connections', body)({})).status, 401);
  });

  it('stands in no log, good or bad', async () => {
    const tokens = [valid(), ...Object.values(forged).map((forge) => forge(outside))];
    for (const token of tokens) {
      const authorization = `Bearer ${token}`;
      await targets['connections-begin']?.()({ authorization });
      await targets['GET /v1/connections']?.()({ authorization });
    }
    const output = outside.output();
    assert.match(output, /Failed to validate auth token/, 'The log was not seen.');
    for (const part of tokens.flatMap((token) => token.split('.'))) {
      assert.ok(part.length < 20 || !output.includes(part), part);
    }
  });
});

describe("the ID token of a caller while Google's keys cannot be fetched", function () {
  this.timeout(60_000);

  it('is neither taken nor called wrong by the REST API, and works again afterwards', async () => {
    const outside = await startOutside();
    try {
      const ask = outside.rest('GET', '/v1/connections');
      const authorization = `Bearer ${issue(outside.google.idTokenKey, claims())}`;
      outside.google.fail('keys', 500);
      const { status, code, body } = await ask({ authorization });
      assert.deepEqual([status, code], [503, 'unavailable']);
      assert.match(JSON.stringify(body), /"dependency":"firebase-auth"/);
      outside.google.fail('keys', undefined);
      assert.equal((await ask({ authorization })).status, 200);
    } finally {
      await outside.stop();
    }
  });
});
