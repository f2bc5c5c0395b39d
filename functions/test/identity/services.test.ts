import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { stack } from '../../../sandbox/test/stack.ts';
import { accessToken, accessTokenClaims, audience, jwksPath } from './issuer.ts';
import type { Answer } from './served.ts';
import {
  allScopes,
  clientCredentials,
  readerClient,
  recordsOfService,
  type ServicesWorld,
  startServicesWorld,
} from './services-world.ts';
import { idTokenClaims, issue, newKey } from './tokens.ts';

const none = 'A'.repeat(22);
const oneOf = (id: string) => `/v1/connections/${id}`;
const call = { method: 'GET', path: '/me' };

/** What each route needs of a service. */
const needs: readonly (readonly [method: string, path: string, scope?: string, body?: object])[] = [
  ['GET', '/v1/providers', 'connections.read'],
  ['GET', '/v1/connections', 'connections.read'],
  ['GET', oneOf(none), 'connections.read'],
  ['POST', '/v1/connections', 'connections.write', { provider: 'sandbox' }],
  ['POST', '/v1/connections/complete', 'connections.write', { state: 's', code: 'c' }],
  ['DELETE', oneOf(none), 'connections.write'],
  ['POST', `${oneOf(none)}/token`, 'tokens.read', {}],
  ['POST', `${oneOf(none)}/call`, 'calls.write', call],
  ['GET', `${oneOf(none)}/proxy/me`, 'calls.write'],
  ['DELETE', `${oneOf(none)}/proxy/me`, 'calls.write'],
  ['DELETE', '/v1/connections'],
  ['GET', '/v1/export'],
  ['GET', '/v1/audit'],
];

describe('a service that calls the REST API, as in the cloud', function () {
  this.timeout(60_000);
  let world: ServicesWorld;
  let ada: string;
  let id: string;
  /** Made by the issuer whose keys the test has. */
  let own: (change?: Readonly<Record<string, unknown>>) => string;

  before(async () => {
    world = await startServicesWorld();
    const { issuer } = world;
    own = (change = {}) =>
      accessToken(issuer.key, accessTokenClaims(issuer.url, { scope: allScopes, ...change }));
    ada = `ada-${randomUUID()}`;
    id = await world.connect(ada);
  });
  after(() => world?.stop());

  const challengeOf = ({ headers }: Answer) => headers.get('www-authenticate');
  const list = (token: string, uid: string | undefined = ada) =>
    world.ask(token, uid, 'GET', '/v1/connections');
  const get = (headers: Readonly<Record<string, string>>) =>
    world.outside.rest('GET', '/v1/connections')(headers);
  const refusedAsInvalid = (answer: Answer, why = 'The access token is not valid.') => {
    assert.deepEqual(
      [answer.status, answer.code],
      [401, 'unauthenticated'],
      JSON.stringify(answer.body),
    );
    assert.equal(
      challengeOf(answer),
      `Bearer realm="strongroom", error="invalid_token", error_description="${why}"`,
    );
  };
  const asUser = `Bearer realm="strongroom", error="invalid_token", error_description="Sign in and send a current Firebase ID token (Authorization: Bearer) or session cookie."`;
  const refusedAsUser = (answer: Answer) => {
    assert.deepEqual(
      [answer.status, answer.code],
      [401, 'unauthenticated'],
      JSON.stringify(answer.body),
    );
    assert.equal(challengeOf(answer), asUser);
  };

  it('does for a user what he could, by a token of a real authorization server', async () => {
    const token = await world.token(allScopes);
    const uid = `alan-${randomUUID()}`;
    const made = await world.connect(uid);
    const found = await world.ask(token, uid, 'GET', oneOf(made));
    assert.deepEqual([found.status, Object(found.body).account.subject], [200, uid]);
    assert.deepEqual((await list(token, uid)).body, [found.body]);
    const called = await world.ask(token, uid, 'POST', `${oneOf(made)}/call`, call);
    assert.equal(Object(called.body).data.sub, uid);
    const proxied = await world.ask(token, uid, 'GET', `${oneOf(made)}/proxy/echo`);
    assert.equal(Object(proxied.body).authorization.accountId, uid);
    // Whom it is for is told to nobody else.
    assert.doesNotMatch(JSON.stringify(proxied.body), /strongroom-user/i);
    const released = await world.ask(token, uid, 'POST', `${oneOf(made)}/token`, {});
    assert.equal(typeof Object(released.body).accessToken, 'string');
    const ended = await world.ask(token, uid, 'DELETE', oneOf(made));
    assert.deepEqual(ended.body, { revoked: true });
    assert.deepEqual((await list(token, uid)).body, []);

    const idToken = issue(world.outside.google.idTokenKey, idTokenClaims(uid));
    const audit = await world.outside.rest(
      'GET',
      '/v1/audit',
    )({ authorization: `Bearer ${idToken}` });
    const records: Record<string, unknown>[] = Object(audit.body).records;
    const services = records.filter(({ actor }) => actor === 'service');
    assert.ok(
      services.every(
        ({ service, issuer }) => service === 'strongroom-service' && issuer === world.provider.url,
      ),
    );
    assert.deepEqual(
      services
        .map(({ type, method = null, connectionId }) => [type, method, connectionId])
        .reverse(),
      [
        ['service_acted', 'POST', null],
        ['service_acted', 'POST', null],
        ['service_read', 'GET', made],
        ['service_read', 'GET', null],
        ['service_called', 'POST', made],
        ['service_called', 'GET', made],
        ['token_released', null, made],
        ['service_acted', 'DELETE', made],
        ['service_read', 'GET', null],
      ],
    );
  });

  for (const [method, path, scope, body] of needs) {
    const name = `${method} ${path.replace(none, '{id}')}`;
    if (scope === undefined) {
      it(`is refused ${name}, whatever its scopes: that is the user's own`, async () => {
        const answer = await world.ask(await world.token(allScopes), ada, method, path, body);
        assert.deepEqual([answer.status, answer.code], [403, 'insufficient_scope']);
        assert.doesNotMatch(challengeOf(answer) ?? '', / scope=/);
        assert.equal((await list(own())).status, 200);
      });
      continue;
    }
    it(`needs ${scope} for ${name}, and no other`, async () => {
      const others = allScopes.split(' ').filter((one) => one !== scope);
      const without = await world.ask(await world.token(others.join(' ')), ada, method, path, body);
      assert.deepEqual([without.status, without.code], [403, 'insufficient_scope']);
      assert.equal(Object(without.body).scope, scope);
      assert.equal(
        challengeOf(without),
        `Bearer realm="strongroom", error="insufficient_scope", error_description="The access token lacks the scope ${scope}.", scope="${scope}"`,
      );
      const enough = await world.ask(await world.token(scope), ada, method, path, body);
      assert.ok([200, 404].includes(enough.status), JSON.stringify(enough.body));
      assert.equal(challengeOf(enough), null);
    });
  }

  describe('is told what is wrong, and no more:', () => {
    it('no header', async () => {
      const answer = await get({ 'strongroom-user': ada });
      assert.deepEqual([answer.status, challengeOf(answer)], [401, 'Bearer realm="strongroom"']);
    });

    for (const [what, header] of Object.entries({
      Basic: () => `Basic ${btoa('strongroom-service:sandbox')}`,
      DPoP: (token: string) => `DPoP ${token}`,
    })) {
      it(`another scheme: ${what}`, async () => {
        const authorization = header(own());
        const answer = await get({ authorization, 'strongroom-user': ada });
        assert.deepEqual([answer.status, challengeOf(answer)], [401, 'Bearer realm="strongroom"']);
      });
    }

    it('what is no JWT', async () => refusedAsUser(await list('junk')));

    it('an opaque token of the authorization server', async () =>
      refusedAsUser(await list(await opaqueToken(world.provider.url))));

    it('a token that has expired', async () => {
      const exp = Math.floor(Date.now() / 1_000) - 60;
      refusedAsInvalid(await list(own({ exp })), 'The access token has expired.');
    });

    it('a token before its time', async () => {
      const nbf = Math.floor(Date.now() / 1_000) + 3_600;
      refusedAsInvalid(await list(own({ nbf })), 'The access token is not valid yet.');
    });

    it('a token for another audience', async () => {
      const token = await world.token(allScopes, { resource: 'https://other.example/' });
      refusedAsInvalid(await list(token), 'The access token is for another audience.');
    });

    it('a forged token, of which nothing is told', async () => {
      const { issuer } = world;
      const claims = accessTokenClaims(issuer.url, { scope: allScopes, exp: 1 });
      refusedAsInvalid(await list(accessToken(newKey('first'), claims)));
    });

    it('a token of an issuer that the settings do not name', async () => {
      const claims = accessTokenClaims('https://evil.example', { scope: allScopes });
      refusedAsUser(await list(accessToken(world.issuer.key, claims)));
    });

    for (const [what, client_id] of Object.entries({
      none: undefined,
      'an empty one': '',
      'one longer than any': 'a'.repeat(257),
      'one that is no text': 1,
    })) {
      it(`a token that names its client wrongly: ${what}`, async () =>
        refusedAsInvalid(
          await list(own({ client_id })),
          'The access token is not that of a service.',
        ));
    }

    it('a token of a person, signed in at the same issuer', async () => {
      const token = own({ auth_time: Math.floor(Date.now() / 1_000) });
      refusedAsInvalid(await list(token), 'The access token is not that of a service.');
    });
  });

  it('has no scope by its token that the settings do not allow its client', async () => {
    const token = await world.token(allScopes, { client: readerClient });
    assert.equal((await list(token)).status, 200);
    const answer = await world.ask(token, ada, 'DELETE', oneOf(id));
    assert.deepEqual([answer.status, answer.code], [403, 'insufficient_scope']);
    assert.equal((await world.ask(token, ada, 'GET', oneOf(id))).status, 200);
  });

  it('has no scope at all where the settings do not name its client', async () => {
    const token = await world.token(allScopes, { client: 'stranger' });
    const answer = await list(token);
    assert.deepEqual([answer.status, answer.code], [403, 'insufficient_scope']);
    const records = await recordsOfService('stranger');
    const refused = records.filter(({ issuer }) => issuer === world.provider.url);
    assert.deepEqual(
      refused.map(({ type, code, actor }) => [type, code, actor]),
      [['service_refused', 'insufficient_scope', 'service']],
    );
  });

  it('has no scope by a name that only looks like one', async () => {
    for (const scope of [
      '',
      'connections',
      'connections.*',
      'CONNECTIONS.READ',
      'xconnections.read',
    ]) {
      assert.equal((await list(own({ scope }))).status, 403, scope);
    }
    assert.equal((await list(own({ scope: undefined, scp: ['connections.read'] }))).status, 200);
    assert.equal((await list(own({ scope: undefined }))).status, 403);
  });

  it('of an issuer without scopes has those that the settings give its client', async () => {
    const { plain } = world;
    const of = (change: Readonly<Record<string, unknown>>) =>
      accessToken(
        plain.key,
        accessTokenClaims(plain.url, { scope: undefined, client_id: undefined, ...change }),
        { typ: 'JWT' },
      );
    const known = { sub: '1234567890', azp: '1234567890', email: 'sa@p.iam.gserviceaccount.com' };
    assert.equal((await list(of(known))).status, 200);
    const more = await world.ask(of({ ...known, scope: allScopes }), ada, 'DELETE', oneOf(id));
    assert.equal(more.status, 403);
    // Whoever has an account there may have a token for any audience made.
    assert.equal((await list(of({ ...known, sub: '9' }))).status, 403);
    assert.equal((await list(of({ ...known, sub: 'constructor' }))).status, 403);
  });

  describe('names the user for whom it acts', () => {
    const wrong: Readonly<Record<string, string | undefined>> = {
      nobody: undefined,
      'an empty one': '',
      'two of them': 'ada, grace',
      'a path': 'ada/connections/x',
      'the folder above': '..',
      'what Firestore keeps for itself': '__ada__',
      'more than a uid can be': 'a'.repeat(129),
    };
    for (const [what, uid] of Object.entries(wrong)) {
      it(`and is refused with ${what}`, async () => {
        const answer = await world.ask(own(), uid, 'GET', '/v1/connections');
        assert.deepEqual([answer.status, answer.code], [400, 'invalid_argument']);
        assert.equal(Object(answer.body).field, 'Strongroom-User');
        assert.equal(challengeOf(answer), null);
      });
    }

    it('and finds nothing of one whom there is not', async () => {
      const uid = `nobody-${randomUUID()}`;
      assert.deepEqual((await list(own(), uid)).body, []);
      for (const [method, path, scope, body] of needs) {
        if (scope === undefined || !path.includes(none)) continue;
        const answer = await world.ask(own(), uid, method, path.replace(none, id), body);
        assert.deepEqual([answer.status, answer.code], [404, 'connection_not_found'], path);
      }
    });

    it('and reaches no connection of another by its id', async () => {
      const grace = `grace-${randomUUID()}`;
      const theirs = await world.connect(grace);
      for (const [method, path, scope, body] of needs) {
        if (scope === undefined || !path.includes(none)) continue;
        const attempt = (target: string) =>
          world.ask(own(), ada, method, path.replace(none, target), body);
        const [missing, foreign] = [await attempt(none), await attempt(theirs)];
        assert.deepEqual([foreign.status, foreign.code], [404, 'connection_not_found'], path);
        assert.deepEqual(foreign.body, missing.body);
      }
      const healing = { provider: 'sandbox', connectionId: theirs };
      const begun = await world.ask(own(), ada, 'POST', '/v1/connections', healing);
      assert.equal(begun.code, 'connection_not_found');
      assert.equal((await world.ask(own(), grace, 'GET', oneOf(theirs))).status, 200);
    });

    it('which a user cannot: he acts for himself', async () => {
      const mine = issue(world.outside.google.idTokenKey, idTokenClaims('mallory'));
      const answer = await list(mine, ada);
      assert.deepEqual([answer.status, answer.code], [400, 'header_not_allowed']);
      const plain = await get({ authorization: `Bearer ${mine}` });
      assert.deepEqual([plain.status, plain.body], [200, []]);
    });
  });

  describe('is never taken for a user, nor a user for it:', () => {
    const now = () => Math.floor(Date.now() / 1_000);

    it("the claims of an ID token under the issuer's key", async () => {
      const { issuer, outside } = world;
      const { key } = issuer;
      for (const typ of ['JWT', 'at+jwt']) {
        const claims = { ...idTokenClaims(ada), scope: allScopes, client_id: 'backend' };
        refusedAsUser(await list(accessToken(key, claims, { typ })));
        refusedAsUser(await get({ authorization: `Bearer ${accessToken(key, claims, { typ })}` }));
      }
      assert.doesNotMatch(outside.output(), /unexpected error/);
    });

    it("an access token's claims under the key of ID tokens", async () => {
      const { idTokenKey } = world.outside.google;
      const claims = accessTokenClaims(world.issuer.url, { scope: allScopes });
      refusedAsInvalid(await list(accessToken(idTokenKey, claims)));
    });

    it('an ID token that says it is for this audience and has scopes', async () => {
      const { idTokenKey } = world.outside.google;
      refusedAsUser(
        await list(issue(idTokenKey, { ...idTokenClaims(ada), aud: audience, scope: allScopes })),
      );
      const answer = await list(issue(idTokenKey, { ...idTokenClaims(ada), scope: allScopes }));
      // It is one: of a user, who names nobody.
      assert.equal(answer.code, 'header_not_allowed');
    });

    it('an ID token of the same issuer', async () => {
      const { issuer } = world;
      const claims = {
        iss: issuer.url,
        aud: audience,
        sub: 'backend',
        iat: now(),
        exp: now() + 300,
      };
      refusedAsInvalid(
        await list(accessToken(issuer.key, { ...claims, nonce: 'n' }, { typ: 'JWT' })),
      );
    });

    it('an access token in the session cookie', async () => {
      const answer = await get({ cookie: `__session=${own()}`, 'strongroom-user': ada });
      assert.deepEqual([answer.status, answer.code], [401, 'unauthenticated']);
    });

    it('an access token at a callable', async () => {
      const ask = world.outside.callable('connections-list', {});
      const answer = await ask({ authorization: `Bearer ${own()}`, 'strongroom-user': ada });
      assert.equal(answer.status, 401);
    });
  });

  it('is refused with two Authorization headers, in either order', async () => {
    const mine = issue(world.outside.google.idTokenKey, idTokenClaims(ada));
    const pairs = [
      [own(), mine],
      [mine, own()],
      [own(), own()],
    ];
    for (const pair of pairs) {
      const answer = await askTwice(world.outside.url, pair);
      assert.equal(answer.status, 400, answer.body);
      assert.equal(
        answer.challenge,
        'Bearer realm="strongroom", error="invalid_request", error_description="Send one Authorization header."',
      );
    }
    assert.equal((await askTwice(world.outside.url, [own()])).status, 200);
  });

  it('is refused with its token in the URL, beside the header or without', async () => {
    const path = `/v1/connections?access_token=${own()}`;
    const beside = await world.ask(own(), ada, 'GET', path);
    assert.equal(beside.status, 400);
    assert.match(challengeOf(beside) ?? '', /error="invalid_request"/);
    const alone = await world.outside.rest('GET', path)({ 'strongroom-user': ada });
    assert.deepEqual([alone.status, challengeOf(alone)], [401, 'Bearer realm="strongroom"']);
  });

  it('is known by a key that its issuer began to use after the functions did', async () => {
    const { issuer } = world;
    assert.equal((await list(own())).status, 200);
    const next = newKey('next');
    const claims = accessTokenClaims(issuer.url);
    issuer.publish(issuer.key, next);
    assert.equal((await list(accessToken(next, claims))).status, 200);
    const asked = issuer.asked(jwksPath);
    const startedAt = Date.now();
    for (let n = 0; n < 30; n += 1)
      refusedAsInvalid(await list(accessToken(newKeyNamed(next, n), claims)));
    // One in half a minute at most.
    assert.ok(issuer.asked(jwksPath) - asked <= (Date.now() - startedAt) / 30_000 + 1);
  });

  it('is known while its issuer is down, where its key is; an issuer not yet asked lets nobody in', async () => {
    const { issuer } = world;
    assert.equal((await list(own())).status, 200);
    issuer.fail((response) => response.destroy());
    try {
      assert.equal((await list(own())).status, 200);
      const { late } = world;
      const answer = await list(accessToken(late.key, accessTokenClaims(late.url)));
      assert.deepEqual([answer.status, answer.code], [503, 'unavailable']);
      assert.equal(Object(answer.body).dependency, 'authorization-server');
      assert.equal(challengeOf(answer), null);
    } finally {
      issuer.fail(undefined);
    }
  });

  it('stands in no log with its token, nor with its user', async () => {
    const tokens = [own(), await world.token(allScopes), own({ exp: 1 }), own({ scope: '' })];
    for (const token of tokens) {
      await list(token);
      await world.ask(token, ada, 'POST', `${oneOf(id)}/call`, call);
    }
    const output = world.outside.output();
    assert.match(output, /refused|authorization/, 'The log was not seen.');
    for (const part of tokens.flatMap((token) => token.split('.'))) {
      assert.ok(!output.includes(part), part);
    }
    assert.ok(!output.includes(ada));
  });
});

describe('a service in the sandbox', () => {
  it('gets a token by client credentials and calls the API through Hosting', async () => {
    const { provider, api } = stack.urls;
    const resource = api;
    const token = await clientCredentials(provider, { scope: 'connections.read', resource });
    const headers = { authorization: `Bearer ${token}`, 'strongroom-user': randomUUID() };
    const answer = await fetch(`${api}/connections`, { headers });
    assert.deepEqual([answer.status, await answer.json()], [200, []]);
  });
});

/** The same key by another name. */
function newKeyNamed<K extends { readonly kid: string }>(key: K, n: number): K {
  return { ...key, kid: `made-up-${n}` };
}

async function opaqueToken(issuer: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('strongroom-service:sandbox')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return Object(await answer.json()).access_token;
}

/** `fetch` would join the headers. */
function askTwice(url: string, tokens: readonly string[]) {
  return new Promise<{ status: number | undefined; challenge: string | undefined; body: string }>(
    (resolve, reject) => {
      const headers = [
        ...tokens.flatMap((token) => ['authorization', `Bearer ${token}`]),
        ...['strongroom-user', 'nobody'],
        ...['host', new URL(url).host],
      ];
      const sent = httpRequest(`${url}/v1/connections`, { headers }, async (answer) => {
        let body = '';
        for await (const chunk of answer) body += chunk;
        resolve({ status: answer.statusCode, challenge: answer.headers['www-authenticate'], body });
      });
      sent.on('error', reject).end();
    },
  );
}
