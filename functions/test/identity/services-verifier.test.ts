import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { sendJson, startLocalServer } from '../../../sandbox/http/local-server.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { fetchThrough } from '../../src/egress/fetch.ts';
import {
  type AccessToken,
  clockToleranceSeconds,
  createAccessTokenVerifier,
  type VerifierOptions,
} from '../../src/identity/access-token.ts';
import { BearerRefusal, IssuerUnavailable } from '../../src/identity/bearer.ts';
import { keyTimes } from '../../src/identity/key-set.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import {
  accessToken,
  accessTokenClaims,
  audience,
  type Issuer,
  jwksPath,
  oauthPath,
  oidcPath,
  startIssuer,
} from './issuer.ts';
import { byHs256, byNobody, byRs256, jwt, newKey } from './tokens.ts';

const rogue = newKey('first');
const second = newKey('second');
const egress = createEgress({ allowLoopback: true });

describe('the verifier of access tokens', () => {
  let issuer: Issuer;
  let clock: ManualClock;

  beforeEach(async () => {
    issuer = await startIssuer();
    clock = manualClock();
  });
  afterEach(() => issuer.stop());

  const verifier = (change: Partial<VerifierOptions> = {}) =>
    createAccessTokenVerifier({
      issuer: issuer.url,
      audience,
      fetch: fetchThrough(egress, { timeoutMs: 5_000, maxBytes: 65_536 }),
      clock,
      allowInsecure: true,
      ...change,
    });
  type Part = Readonly<Record<string, unknown>>;
  const claims = (change: Part = {}) => accessTokenClaims(issuer.url, change, clock.now());
  const token = (change: Part = {}, header: Part = {}, key = issuer.key) =>
    accessToken(key, claims(change), header);
  const now = () => clock.now() / 1_000;

  /** @returns what the refusal says. */
  const refused = async (work: Promise<AccessToken>): Promise<string> => {
    const error: unknown = await work.then(
      () => assert.fail('It was taken.'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof BearerRefusal, String(error));
    assert.deepEqual([error.error, error.status], ['invalid_token', 401]);
    return error.message;
  };
  const unavailable = (work: Promise<AccessToken>) => assert.rejects(work, IssuerUnavailable);

  it('takes one that is as RFC 9068 asks, and says whose it is and what it may', async () => {
    const { subject, scopes, claims: said } = await verifier()(token());
    assert.deepEqual(
      [subject, scopes, said['client_id']],
      ['backend', ['connections.read'], 'backend'],
    );
  });

  for (const [what, change, scopes] of [
    ['scope as text', { scope: 'a b' }, ['a', 'b']],
    ['scp as a list', { scope: undefined, scp: ['a', 'b'] }, ['a', 'b']],
    ['scp as text', { scope: undefined, scp: 'a b' }, ['a', 'b']],
    ['neither', { scope: undefined }, undefined],
    ['none', { scope: '' }, []],
  ] as const) {
    it(`reads scopes: ${what}`, async () => {
      assert.deepEqual((await verifier()(token(change))).scopes, scopes);
    });
  }

  it('takes several audiences with ours among them (RFC 7519 §4.1.3)', async () => {
    await verifier()(token({ aud: ['https://other.example', audience] }));
  });

  it('finds the keys where RFC 8414 says, where there is no OpenID Connect', async () => {
    const plain = await startIssuer(oauthPath);
    try {
      await verifier({ issuer: plain.url })(
        accessToken(plain.key, accessTokenClaims(plain.url, {}, clock.now())),
      );
      assert.equal(plain.asked(oauthPath), 1);
    } finally {
      await plain.stop();
    }
  });

  it('takes keys from where it is told, and asks for no metadata then', async () => {
    await verifier({ jwksUri: `${issuer.url}${jwksPath}` })(token());
    assert.equal(issuer.asked(oidcPath), 0);
  });

  const notValid = 'The access token is not valid.';
  const forged: Readonly<Record<string, () => string>> = {
    'a word': () => 'junk',
    'alg none': () => jwt({ alg: 'none', typ: 'at+jwt', kid: 'first' }, claims(), byNobody),
    'alg none with a signature': () => token({}, { alg: 'none' }),
    'HS256 keyed with the public key': () =>
      jwt({ alg: 'HS256', typ: 'at+jwt', kid: 'first' }, claims(), byHs256(issuer.key.publicPem)),
    'RS256 in its header, HS256 keyed with the public key in truth': () =>
      jwt({ alg: 'RS256', typ: 'at+jwt', kid: 'first' }, claims(), byHs256(issuer.key.publicPem)),
    "somebody else's key of the same kid": () => token({}, {}, rogue),
    "somebody else's key, brought along (jwk)": () =>
      token({}, { jwk: rogue.privateKey.export({ format: 'jwk' }) }, rogue),
    "somebody else's key, by address (jku)": () =>
      token({}, { jku: 'https://evil.example/keys' }, rogue),
    'a kid that is a path': () => token({}, { kid: '../first' }),
    'a kid that every object knows': () => token({}, { kid: 'constructor' }),
    'a kid that is a list': () => token({}, { kid: ['first'] }),
    'a critical header that nobody knows (RFC 7515 §4.1.11)': () =>
      token({}, { crit: ['x'], x: 1 }),
    'a payload that is not encoded (RFC 7797)': () => token({}, { b64: false, crit: ['b64'] }),
    'a claim changed after signing': () => {
      const [header, , signature] = token().split('.');
      const payload = Buffer.from(JSON.stringify(claims({ sub: 'admin' }))).toString('base64url');
      return `${header}.${payload}.${signature}`;
    },
    'no signature': () => token().replace(/[^.]+$/, ''),
    'a forged one that has expired, of which nothing is told': () =>
      token({ exp: now() - 3_600 }, {}, rogue),
    'a forged one for another audience, of which nothing is told': () =>
      token({ aud: 'https://other.example' }, {}, rogue),
    "another issuer's claims": () => token({ iss: 'https://evil.example' }),
    'an issuer with a slash more': () => token({ iss: `${issuer.url}/` }),
    'no expiry': () => token({ exp: undefined }),
    'an expiry that is text': () => token({ exp: '9999999999' }),
    'no subject': () => token({ sub: undefined }),
    'an empty subject': () => token({ sub: '' }),
    'no time of issue': () => token({ iat: undefined }),
    'a time of issue to come': () => token({ iat: now() + 3_600 }),
    'no audience': () => token({ aud: undefined }),
    'no type': () => token({}, { typ: undefined }),
    'the type of any JWT': () => token({}, { typ: 'JWT' }),
    'the type of a logout token': () => token({}, { typ: 'logout+jwt' }),
    'an ID token': () => token({ nonce: 'n' }),
    'a token bound to a key (RFC 7800), by somebody who need not have it': () =>
      token({ cnf: { jkt: 'thumbprint' } }),
    'scopes of no known form': () => token({ scope: { 'calls.write': true } }),
    'scopes that are not all text': () => token({ scope: ['calls.write', 1] }),
  };
  for (const [what, make] of Object.entries(forged)) {
    it(`refuses ${what}, and says no more than that`, async () => {
      assert.equal(await refused(verifier()(make())), notValid);
    });
  }

  for (const [what, change] of Object.entries({
    'an ID token': { nonce: 'n' },
    'an ID token by its hash of another': { at_hash: 'h' },
    'a logout token': { events: {} },
    'an ID token of Keycloak': { typ: 'ID' },
    'a refresh token of Keycloak': { typ: 'Refresh' },
    'an ID token of Cognito': { token_use: 'id' },
  })) {
    it(`refuses ${what} of an issuer that does not mark access tokens`, async () => {
      const verify = verifier({ typ: 'any' });
      await verify(token({ typ: 'Bearer' }, { typ: 'JWT' }));
      assert.equal(await refused(verify(token(change, { typ: undefined }))), notValid);
    });
  }

  it('refuses an algorithm that the settings leave out', async () => {
    assert.equal(await refused(verifier({ algorithms: ['ES256'] })(token())), notValid);
  });

  it('says of a genuine one for another audience that it is that', async () => {
    const message = await refused(verifier()(token({ aud: 'https://other.example' })));
    assert.equal(message, 'The access token is for another audience.');
  });

  it('says of a genuine one that it has expired, a little later than its issuer would', async () => {
    const verify = verifier();
    const old = token({ exp: now() });
    clock.advance((clockToleranceSeconds - 1) * 1_000);
    await verify(old);
    clock.advance(1_000);
    assert.equal(await refused(verify(old)), 'The access token has expired.');
  });

  it('refuses a genuine one before its time', async () => {
    const verify = verifier();
    const early = token({ nbf: now() + clockToleranceSeconds + 1 });
    assert.equal(await refused(verify(early)), 'The access token is not valid yet.');
    clock.advance(1_000);
    await verify(early);
  });

  describe('keeps keys', () => {
    it('and fetches them once for many requests at a time', async () => {
      const verify = verifier();
      const some = token();
      await Promise.all(Array.from({ length: 20 }, () => verify(some)));
      await verify(some);
      assert.equal(issuer.asked(jwksPath), 1);
    });

    it('and finds a new one at the first token that names it', async () => {
      const verify = verifier();
      await verify(token());
      issuer.publish(issuer.key, second);
      const rotated = token({}, {}, second);
      await Promise.all(Array.from({ length: 20 }, () => verify(rotated)));
      assert.equal(issuer.asked(jwksPath), 2);
    });

    it('and lets go of one that its issuer no longer names', async () => {
      const verify = verifier();
      const old = token({ exp: now() + 86_400 });
      await verify(old);
      issuer.publish(second);
      clock.advance(keyTimes.freshMs);
      assert.equal(await refused(verify(old)), notValid);
    });

    it('and does not pass a flood of made-up key ids on to its issuer', async () => {
      const verify = verifier();
      const flood = async () => {
        for (let n = 0; n < 50; n += 1) {
          assert.equal(await refused(verify(token({}, { kid: `made-up-${n}` }))), notValid);
        }
      };
      await flood();
      assert.equal(issuer.asked(jwksPath), 2);
      clock.advance(keyTimes.unknownPauseMs);
      await flood();
      assert.equal(issuer.asked(jwksPath), 3);
      await verify(token());
    });

    it('for a day where the issuer is down, and lets nobody in after that', async () => {
      const verify = verifier();
      const long = token({ exp: now() + 7 * 86_400 });
      await verify(long);
      issuer.fail((response) => response.destroy());
      clock.advance(keyTimes.keptMs - 1);
      await verify(long);
      clock.advance(1);
      await unavailable(verify(long));
      issuer.fail(undefined);
      clock.advance(keyTimes.failurePauseMs);
      await verify(long);
    });

    it('and cannot judge a new one while the issuer is down', async () => {
      const verify = verifier();
      await verify(token());
      issuer.publish(issuer.key, second);
      issuer.fail((response) => response.destroy());
      await unavailable(verify(token({}, {}, second)));
      await verify(token());
      issuer.fail(undefined);
      clock.advance(keyTimes.unknownPauseMs);
      await verify(token({}, {}, second));
    });

    it('and asks an issuer that is down no oftener than every few seconds', async () => {
      const verify = verifier();
      issuer.fail((response) => sendJson(response, 503, {}));
      for (let n = 0; n < 20; n += 1) await unavailable(verify(token()));
      assert.equal(issuer.asked(jwksPath), 1);
      clock.advance(keyTimes.failurePauseMs);
      await unavailable(verify(token()));
      assert.equal(issuer.asked(jwksPath), 2);
    });
  });

  const hundredMb = async (response: ServerResponse) => {
    const chunk = Buffer.alloc(1_048_576, ' ');
    response.writeHead(200, { 'content-type': 'application/json' });
    for (let sent = 0; sent < 100 && !response.destroyed; sent += 1) {
      if (!response.write(chunk))
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end('{"keys":[]}');
  };
  const faults: Readonly<Record<string, (response: ServerResponse) => void>> = {
    'what is not JSON': (response) => response.end('<html>'),
    'a list': (response) => sendJson(response, 200, []),
    'keys that are no list': (response) => sendJson(response, 200, { keys: 'first' }),
    'keys that are no objects': (response) => sendJson(response, 200, { keys: [null] }),
    'good keys with a bad status': (response) => sendJson(response, 404, { keys: [] }),
    'half an answer': (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"keys":[');
      response.destroy();
    },
  };
  for (const [what, fault] of Object.entries(faults)) {
    it(`lets nobody in by ${what} in the place of keys, and goes on with those it has`, async () => {
      issuer.fail(fault);
      await unavailable(verifier()(token()));
      issuer.fail(undefined);
      const verify = verifier();
      const long = token({ exp: now() + 7 * 86_400 });
      await verify(long);
      issuer.fail(fault);
      clock.advance(keyTimes.freshMs);
      await verify(long);
    });
  }

  it('reads no keys of 100 MB', async () => {
    let sent = 0;
    const given = Promise.withResolvers<void>();
    issuer.fail((response) => {
      const socket = response.socket;
      void hundredMb(response).finally(() => {
        sent = socket?.bytesWritten ?? 0;
        given.resolve();
      });
    });
    await unavailable(verifier()(token()));
    await given.promise;
    assert.ok(sent < 20 * 1_048_576, `${sent} bytes were sent`);
  });

  it('follows no redirect, wherever it leads', async () => {
    let reached = 0;
    const inside = await startLocalServer(async (_, response) => {
      reached += 1;
      sendJson(response, 200, { keys: [] });
    }, 0);
    try {
      for (const location of [inside.url, 'http://169.254.169.254/', 'https://10.0.0.1/']) {
        issuer.fail((response) => response.writeHead(302, { location }).end());
        await unavailable(verifier()(token()));
      }
      assert.equal(reached, 0);
    } finally {
      await inside.stop();
    }
  });

  it('fetches keys from no private address, whatever the metadata says', async () => {
    for (const uri of [
      'https://169.254.169.254/',
      'https://10.0.0.1/',
      'https://[::ffff:10.0.0.1]/',
    ]) {
      issuer.describe({ jwks_uri: uri });
      await unavailable(verifier()(token()));
    }
    const production = createEgress({ allowLoopback: false });
    const fetch = fetchThrough(production, { timeoutMs: 5_000, maxBytes: 65_536 });
    const before = issuer.asked(jwksPath);
    await unavailable(verifier({ fetch, jwksUri: `${issuer.url}${jwksPath}` })(token()));
    assert.equal(issuer.asked(jwksPath), before);
  });

  it('believes no metadata of another issuer (RFC 8414 §3.3)', async () => {
    issuer.describe({ issuer: 'https://evil.example' });
    await unavailable(verifier()(token()));
  });

  it('takes no symmetric key from the keys of an issuer', async () => {
    const secret = 'a secret of thirty-two bytes at least';
    const k = Buffer.from(secret).toString('base64url');
    issuer.fail((response) =>
      sendJson(response, 200, { keys: [{ kty: 'oct', kid: 'first', alg: 'HS256', k }] }),
    );
    const forgedOne = jwt({ alg: 'HS256', typ: 'at+jwt', kid: 'first' }, claims(), byHs256(secret));
    assert.equal(await refused(verifier()(forgedOne)), notValid);
  });

  it('takes no key for another algorithm than its own', async () => {
    const header = { alg: 'RS512', typ: 'at+jwt', kid: 'first' };
    assert.equal(await refused(verifier()(jwt(header, claims(), byRs256(issuer.key)))), notValid);
  });
});
