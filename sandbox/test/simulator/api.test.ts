import assert from 'node:assert/strict';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { discoveredEndpoints } from '../../simulator/discovery.ts';
import { bearer, entryOf, start, stopAll, toldBy } from './fixture.ts';

describe("a simulated provider's API", () => {
  afterEach(stopAll);

  it('answers whose the token is, and tells nothing secret', async () => {
    const { tokens, call } = await start(entryOf());
    const { access_token: accessToken = '' } = await tokens();
    const answer = await call(bearer(accessToken), '/things/1');
    const text = await answer.text();
    assert.deepEqual(Object.keys(JSON.parse(text)), ['account', 'method', 'path']);
    assert.ok(!text.includes(accessToken));
  });

  it('refuses a token that is absent, unknown, expired or elsewhere', async () => {
    const { tokens, call, advance } = await start(entryOf());
    const { access_token: accessToken = '' } = await tokens();
    assert.equal((await call()).status, 401);
    assert.equal((await call(bearer('unknown'))).status, 401);
    assert.equal((await call({ authorization: accessToken })).status, 401);
    assert.equal((await call({ 'x-token': accessToken })).status, 401);
    assert.equal((await call({}, `/me?access_token=${accessToken}`)).status, 401);
    advance(3_601);
    assert.equal((await call(bearer(accessToken))).status, 401);
  });

  it('takes it where the data places it, and nowhere else', async () => {
    const { tokens, call } = await start(
      entryOf({ credential: { headers: { 'x-token': 'T {access_token}' } } }),
    );
    const { access_token: accessToken = '' } = await tokens();
    assert.equal((await call({ 'x-token': `T ${accessToken}` })).status, 200);
    assert.equal((await call({ 'x-token': accessToken })).status, 401);
    assert.equal((await call(bearer(accessToken))).status, 401);
    const both = { 'x-token': `T ${accessToken}`, ...bearer(accessToken) };
    assert.equal((await call(both)).status, 401);
  });

  it('refuses as the sample shows', async () => {
    const refusal = { status: 400, body: { error: { code: 190 } } };
    const { call } = await start(entryOf({}, { refusal }));
    const answer = await call(bearer('unknown'));
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), refusal.body);
  });

  it('wants the headers that go with every call', async () => {
    const { tokens, call } = await start(entryOf({ apiHeaders: { 'api-version': '2' } }));
    const { access_token: accessToken } = await tokens();
    assert.equal((await call(bearer(accessToken))).status, 400);
    assert.equal((await call({ ...bearer(accessToken), 'api-version': '1' })).status, 400);
    assert.equal((await call({ ...bearer(accessToken), 'api-version': '2' })).status, 200);
  });

  it('is below its base and nowhere else', async () => {
    const { tokens, simulator } = await start(entryOf());
    const { access_token: accessToken } = await tokens();
    const headers = bearer(accessToken);
    const answer = await fetch(`${simulator.url}/elsewhere.example.com/v1/me`, { headers });
    assert.equal(answer.status, 404);
  });

  it('takes a key only as its user was given it', async () => {
    const { simulator, call } = await start(
      entryOf({
        kind: 'api-key',
        authorizationEndpoint: undefined,
        tokenEndpoint: undefined,
        scopes: undefined,
        fields: [{ name: 'api_key', label: 'Key', pattern: 'sk-[a-z]{20}' }],
        credential: { headers: { 'x-api-key': '{api_key}' } },
      }),
    );
    const { api_key: key = '' } = simulator.behaviour.credentials;
    assert.match(key, /^sk-[a-z]{20}$/);
    assert.equal((await call({ 'x-api-key': key })).status, 200);
    assert.equal((await call({ 'x-api-key': `${key}x` })).status, 401);
    assert.equal((await call(bearer(key))).status, 401);
  });
});

describe("a simulated provider's revocation", () => {
  afterEach(stopAll);

  it('wants exactly the shape of the data, and leaves nothing alive', async () => {
    const { tokens, call, simulator } = await start(
      entryOf({
        revocationEndpoint: 'https://login.example.com/grants/{client_id}',
        revocation: {
          method: 'DELETE',
          by: 'client_secret_basic',
          format: 'json',
          tokens: ['access_token'],
          parameters: { access_token: '{token}' },
        },
      }),
    );
    const { access_token: accessToken = '' } = await tokens();
    const { clientId, clientSecret } = simulator.behaviour.registration;
    const address = `${simulator.url}/login.example.com/grants/${clientId}`;
    const authorization = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
    const json = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify({ access_token: accessToken });
    const form = new URLSearchParams({ access_token: accessToken });
    const wrong: [RequestInit, number][] = [
      [{ method: 'POST', headers: json, body }, 405],
      [{ method: 'DELETE', headers: { authorization }, body: form }, 415],
      [{ method: 'DELETE', headers: { 'content-type': 'application/json' }, body }, 401],
      [{ method: 'DELETE', headers: json, body: '{}' }, 400],
    ];
    for (const [init, status] of wrong) assert.equal((await fetch(address, init)).status, status);
    assert.equal((await call(bearer(accessToken))).status, 200);
    assert.equal((await fetch(address, { method: 'DELETE', headers: json, body })).status, 200);
    assert.equal((await call(bearer(accessToken))).status, 401);
    assert.equal(simulator.livingTokens(), 0);
  });

  it('ends, by RFC 7009, the grant of a refresh token, and of an access token that alone', async () => {
    const { tokens, call, simulator } = await start(
      entryOf({ revocationEndpoint: 'https://login.example.com/revoke' }),
    );
    const { clientId, clientSecret } = simulator.behaviour.registration;
    const revoke = (token = '') =>
      fetch(`${simulator.url}/login.example.com/revoke`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
        body: new URLSearchParams({ token }),
      });
    const { access_token: accessToken, refresh_token: refreshToken } = await tokens();
    assert.equal((await revoke(accessToken)).status, 200);
    assert.equal((await call(bearer(accessToken))).status, 401);
    assert.equal(simulator.livingTokens(), 1);
    assert.equal((await revoke(refreshToken)).status, 200);
    assert.equal(simulator.livingTokens(), 0);
  });
});

describe('a simulated OpenID provider', () => {
  afterEach(stopAll);

  it('names its endpoints by discovery, and its keys verify its ID tokens', async () => {
    const { simulator, code } = await startOpenId({});
    const issuer = `${simulator.url}/login.example.com/t`;
    const document = await toldBy(fetch(`${issuer}/.well-known/openid-configuration`));
    assert.equal(document['issuer'], issuer);
    const { payload } = await jwtVerify(
      await code('n-1'),
      createRemoteJWKSet(new URL(document['jwks_uri'] ?? '')),
      { issuer, audience: simulator.behaviour.registration.clientId },
    );
    assert.equal(payload['nonce'], 'n-1');
  });

  it('has a place for the tenant in its issuer, which the ID token fills', async () => {
    const { simulator, code } = await startOpenId({
      issuer: 'https://login.example.com/common/v2.0',
      quirks: ['multi-tenant-issuer'],
    });
    const base = `${simulator.url}/login.example.com`;
    const known = `${base}/common/v2.0/.well-known/openid-configuration`;
    const document = await toldBy(fetch(known));
    assert.equal(document['issuer'], `${base}/{tenantid}/v2.0`);
    const keys = createRemoteJWKSet(new URL(document['jwks_uri'] ?? ''));
    const { payload } = await jwtVerify(await code('n-2'), keys);
    assert.equal(payload.iss, `${base}/${payload['tid']}/v2.0`);
  });
});

/** An issuer without PKCE, and the ID token of an authorization. */
async function startOpenId(change: object) {
  const { simulator, ...fixture } = await start(
    entryOf({
      kind: 'oidc',
      issuer: 'https://login.example.com/t',
      authorizationEndpoint: undefined,
      tokenEndpoint: undefined,
      scopes: ['openid'],
      ...change,
    }),
  );
  const { behaviour } = simulator;
  const endpoints = discoveredEndpoints(behaviour);
  const { clientId, clientSecret } = behaviour.registration;
  const code = async (nonce: string): Promise<string> => {
    const verifier = 'v'.repeat(43);
    const challenge = Buffer.from(
      await crypto.subtle.digest('SHA-256', Buffer.from(verifier)),
    ).toString('base64url');
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: behaviour.redirectUri,
      state: 's'.repeat(43),
      scope: 'openid',
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    const back = await fetch(`${endpoints?.authorization}?${asked}`, { redirect: 'manual' });
    const told = new URL(back.headers.get('location') ?? '').searchParams;
    const answer = await fetch(endpoints?.token ?? '', {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: told.get('code') ?? '',
        redirect_uri: behaviour.redirectUri,
        code_verifier: verifier,
      }),
    });
    const { id_token: idToken = '' } = await toldBy(answer);
    return idToken;
  };
  return { ...fixture, simulator, code };
}
