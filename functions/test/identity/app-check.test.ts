import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sensitiveCallables } from '../../../client/src/strongroom.ts';
import { loadDeployed } from '../harness/deployed.ts';
import { type Ask, type Outside, startOutside } from './served.ts';
import {
  appCheckClaims,
  byHs256,
  byNobody,
  byRs256,
  idTokenClaims,
  issue,
  jwt,
  newKey,
} from './tokens.ts';

const uid = 'app-check-user';
const now = () => Math.floor(Date.now() / 1_000);
const rogue = newKey('app-check-key');

describe('App Check, verified as in the cloud', function () {
  this.timeout(60_000);
  let outside: Outside;
  let authorization: string;

  before(async () => {
    outside = await startOutside({
      STRONGROOM_APP_CHECK: 'sensitive, connections-list',
      STRONGROOM_APP_CHECK_ONCE: 'sensitive',
    });
    outside.google.accounts.set(uid, {});
    authorization = `Bearer ${issue(outside.google.idTokenKey, idTokenClaims(uid))}`;
  });

  after(() => outside.stop());

  const begin = { provider: 'sandbox' };
  /** Of each kind, by callable and by REST. */
  const usual: Readonly<Record<string, () => Ask>> = {
    'connections-list': () => outside.callable('connections-list', {}),
    'GET /v1/connections': () => outside.rest('GET', '/v1/connections'),
  };
  const sensitive: Readonly<Record<string, () => Ask>> = {
    'connections-begin': () => outside.callable('connections-begin', begin),
    'POST /v1/connections': () => outside.rest('POST', '/v1/connections', begin),
  };
  const attested = (change: Readonly<Record<string, unknown>> = {}) =>
    issue(outside.google.appCheckKey, { ...appCheckClaims(), ...change });
  const asked = (ask: () => Ask, token?: string) =>
    ask()({ authorization, ...(token !== undefined && { 'x-firebase-appcheck': token }) });
  const refused = async (ask: () => Ask, token?: string) => {
    const { status, code } = await asked(ask, token);
    assert.deepEqual([status, code], [401, 'app_check_failed']);
  };

  for (const [name, ask] of Object.entries({ ...usual, ...sensitive })) {
    it(`lets an attested app through to ${name}`, async () => {
      assert.equal((await asked(ask, attested())).status, 200);
    });

    it(`refuses a request without a token at ${name}, and does nothing`, async () => {
      const begun = await outside.begun(uid);
      await refused(ask);
      assert.equal(await outside.begun(uid), begun);
    });

    const wrong: Readonly<Record<string, () => string>> = {
      junk: () => 'junk',
      'an ID token': () => issue(outside.google.idTokenKey, idTokenClaims(uid)),
      "somebody else's signature": () => issue(rogue, appCheckClaims()),
      'alg none': () => jwt({ alg: 'none', kid: rogue.kid }, appCheckClaims(), byNobody),
      'HS256 keyed with the public key': () => {
        const { kid, publicPem } = outside.google.appCheckKey;
        return jwt({ alg: 'HS256', kid }, appCheckClaims(), byHs256(publicPem));
      },
      'a kid that Google does not know': () =>
        jwt(
          { alg: 'RS256', kid: 'unknown' },
          appCheckClaims(),
          byRs256(outside.google.appCheckKey),
        ),
      'one that is over': () => attested({ iat: now() - 7_200, exp: now() - 3_600 }),
      "another project's": () => attested({ aud: ['projects/2', 'projects/demo-other'] }),
      'an issuer elsewhere': () => attested({ iss: 'https://appcheck.example/1' }),
      'no app': () => attested({ sub: '' }),
    };
    for (const [what, make] of Object.entries(wrong)) {
      it(`refuses ${what} at ${name}`, () => refused(ask, make()));
    }
  }

  for (const [name, ask] of Object.entries(sensitive)) {
    it(`takes a token once at ${name}, though two requests bring it at the same time`, async () => {
      const token = attested();
      const answers = await Promise.all([asked(ask, token), asked(ask, token)]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
      await refused(ask, token);
    });
  }

  it('takes no token at a sensitive operation that was used at another', async () => {
    const [first, second] = Object.values(sensitive);
    assert.ok(first && second);
    const token = attested();
    assert.equal((await asked(first, token)).status, 200);
    await refused(second, token);
  });

  it('takes a token again and again where nothing is at stake, and asks nobody', async () => {
    const before = outside.google.consumptions();
    const token = attested();
    for (const ask of [...Object.values(usual), ...Object.values(usual)]) {
      assert.equal((await asked(ask, token)).status, 200);
    }
    assert.equal(outside.google.consumptions(), before);
  });

  it('is not asked for where it is not demanded', async () => {
    assert.equal((await asked(() => outside.callable('providers-list', {}))).status, 200);
    assert.equal((await asked(() => outside.rest('GET', '/v1/providers'))).status, 200);
  });

  it('is no credential: an attested app without a user is refused', async () => {
    for (const ask of Object.values({ ...usual, ...sensitive })) {
      const { status, code } = await ask()({ 'x-firebase-appcheck': attested() });
      assert.equal(status, 401);
      assert.match(String(code), /^unauthenticated$/i);
    }
  });

  it('refuses for now what cannot be checked while the App Check service is down', async () => {
    outside.google.fail('appCheck', 500);
    try {
      for (const ask of Object.values(sensitive)) {
        const { status, code, body } = await asked(ask, attested());
        assert.deepEqual([status, code], [503, 'unavailable']);
        assert.match(JSON.stringify(body), /app-check/);
      }
    } finally {
      outside.google.fail('appCheck', undefined);
    }
  });

  it('leaves no token in a log', async () => {
    const tokens = [attested(), issue(rogue, appCheckClaims())];
    for (const token of tokens) {
      for (const ask of Object.values({ ...usual, ...sensitive })) await asked(ask, token);
    }
    assert.match(outside.output(), /app_check_failed/, 'The log was not seen.');
    for (const part of tokens.flatMap((token) => token.split('.').slice(1))) {
      assert.ok(!outside.output().includes(part), part);
    }
  });
});

describe('a parameter that cannot be right', function () {
  this.timeout(60_000);

  const wrong: Readonly<Record<string, string>> = {
    STRONGROOM_APP_CHECK: 'connection-begin',
    STRONGROOM_APP_CHECK_ONCE: 'sensitive connections-begin2',
    STRONGROOM_CHECK_REVOKED: 'always',
    STRONGROOM_SESSION_COOKIE: 'a;b',
  };
  for (const [name, value] of Object.entries(wrong)) {
    it(`lets nobody in, and is named: ${name}`, async () => {
      const outside = await startOutside({ [name]: value });
      try {
        outside.google.accounts.set(uid, {});
        const authorization = `Bearer ${issue(outside.google.idTokenKey, idTokenClaims(uid))}`;
        const asks = [
          outside.rest('GET', '/v1/providers'),
          outside.callable('connections-begin', { provider: 'sandbox' }),
        ];
        for (const ask of asks) {
          const { code, body } = await ask({ authorization });
          assert.equal(code, 'settings_invalid');
          assert.ok(JSON.stringify(body).includes(name));
        }
      } finally {
        await outside.stop();
      }
    });
  }
});

describe('the sensitive operations', () => {
  it('are the same by the functions, by the client, which gets a token for each call, and by docs/callers.md', async () => {
    const { leave } = await loadDeployed();
    leave();
    const { operations } = await import('../../src/triggers/guards.ts');
    const sensitive = [...operations].filter(([, is]) => is).map(([name]) => name);
    assert.deepEqual(sensitive.sort(), [...sensitiveCallables].sort());
    const page = readFileSync(new URL('../../../docs/callers.md', import.meta.url), 'utf8');
    const [section = ''] = page.split('## Sensitive operations\n')[1]?.split(': they change') ?? [];
    const named = [...section.matchAll(/`([\w-]+)`/g)].map(([, name = '']) =>
      name.startsWith('-') ? `connections${name}` : name,
    );
    assert.deepEqual(named.sort(), sensitive);
  });
});
