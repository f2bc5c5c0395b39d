import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { exchangeCode, validateResponse } from '../../../src/oauth/authorization-code.ts';
import { findAuthorizingParty } from '../../../src/oauth/authorizing-party.ts';
import { OAuthFailure } from '../../../src/oauth/failure.ts';
import { createPartyFinder } from '../../../src/oauth/party.ts';
import { spendRefreshToken } from '../../../src/oauth/refresh-token.ts';
import { parseSettings } from '../../../src/providers/settings.ts';

const host = 'https://login.example';
const asked = `${host}/common/v2.0`;
const template = `${host}/{tenantid}/v2.0`;
const tid = '2f0b9a1e-6c1d-4c0e-9d0a-0a1b2c3d4e5f';
const other = '9188040d-6c67-4c5b-b112-36a304b66dad';
const issuerOf = (tenant: string) => `${host}/${tenant}/v2.0`;
const redirectUri = 'https://app.example/oauth/callback';
const now = Math.floor(Date.now() / 1_000);

describe('an issuer with a name for each of its tenants', () => {
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  before(async () => {
    keys = await generateKeyPair('RS256');
  });

  const signed = (claims: object) =>
    new SignJWT({ aud: 'client', sub: 'ada', nonce: 'n', iat: now, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(keys.privateKey);

  interface Options {
    readonly told?: unknown;
    readonly issuer?: string;
    readonly quirks?: readonly string[];
    readonly claims?: object;
    readonly status?: number;
    /** Of the key that signs. */
    readonly keyIssuer?: unknown;
  }

  async function conversation({
    told = template,
    issuer = asked,
    quirks = ['multi-tenant-issuer'],
    claims = { iss: issuerOf(tid), tid },
    status = 200,
    keyIssuer,
  }: Options = {}) {
    const own = { kid: 'one', alg: 'RS256', use: 'sig', issuer: keyIssuer };
    const jwk = { ...(await exportJWK(keys.publicKey)), ...own };
    const answers: Readonly<Record<string, () => Promise<object> | object>> = {
      '/token': async () => ({
        access_token: 'access',
        token_type: 'Bearer',
        id_token: await signed(claims),
      }),
      '/keys': () => ({ keys: [jwk] }),
      [`${new URL(issuer).pathname}/.well-known/openid-configuration`]: () => ({
        issuer: told,
        token_endpoint: `${host}/token`,
        jwks_uri: `${host}/keys`,
      }),
    };
    const document = {
      app: { redirectUri, returnTo: ['https://app.example/'] },
      providers: {
        one: {
          kind: 'oidc',
          name: 'One',
          issuer,
          quirks,
          clientId: 'client',
          clientAuthentication: 'none',
          scopes: ['openid'],
          apiBaseUrl: 'https://api.example',
        },
      },
    };
    const provider = parseSettings(Buffer.from(JSON.stringify(document)), false).providers['one'];
    assert.ok(provider?.kind === 'oidc');
    const findParty = createPartyFinder({
      allowLoopback: false,
      egress: async ({ url }) => ({
        status,
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.from(
          Buffer.from(JSON.stringify((await answers[url.pathname]?.()) ?? assert.fail(url.href))),
        ),
      }),
    });
    return findAuthorizingParty(findParty, { ...provider, id: 'one' });
  }
  async function exchanged(options: Options, iss?: string) {
    const party = await conversation(options);
    const code = validateResponse(party, { state: 'state', code: 'code', iss });
    return exchangeCode(party, code, redirectUri, { codeVerifier: 'v'.repeat(43), nonce: 'n' });
  }
  const isInvalid = (error: unknown) => error instanceof OAuthFailure && error.kind === 'invalid';

  it('is taken by a template, and the ID token by its own tenant', async () => {
    const { claims } = await exchanged({});
    assert.equal(claims?.iss, issuerOf(tid));
  });

  it('is taken by the name of the tenant that was asked for by another', async () => {
    const asTenant = { issuer: issuerOf('acme.example'), told: issuerOf(tid) };
    assert.equal((await exchanged(asTenant)).claims?.iss, issuerOf(tid));
    const claims = { iss: issuerOf(other), tid: other };
    await assert.rejects(exchanged({ ...asTenant, claims }), isInvalid);
  });

  it('is no other than the tenant that was asked for, be it by its id or by its domain', async () => {
    const claims = { iss: issuerOf(other), tid: other };
    for (const told of [template, issuerOf(other)]) {
      await assert.rejects(exchanged({ issuer: issuerOf(tid), told, claims }), isInvalid, told);
    }
    await assert.rejects(
      exchanged({ issuer: issuerOf('acme.example'), told: template, claims }),
      isInvalid,
    );
  });

  it('is taken by the name that was asked', async () => {
    const known = { issuer: issuerOf(tid), told: issuerOf(tid) };
    assert.equal((await exchanged(known)).claims?.iss, issuerOf(tid));
  });

  const tokens: Readonly<Record<string, object>> = {
    'another issuer': { iss: 'https://evil.example', tid },
    'another tenant than it names': { iss: issuerOf(other), tid },
    'no tenant': { iss: issuerOf(tid) },
    'a tenant that is no UUID': { iss: issuerOf('common'), tid: 'common' },
    'a tenant with an address in it': { iss: issuerOf(`${tid}/../x`), tid: `${tid}/../x` },
    'a list of tenants': { iss: issuerOf(tid), tid: [tid] },
    'the template itself': { iss: template, tid: '{tenantid}' },
    'the issuer that was asked': { iss: asked, tid },
  };
  for (const [what, claims] of Object.entries(tokens)) {
    it(`an ID token of ${what} is not believed`, () =>
      assert.rejects(exchanged({ claims }), isInvalid));
  }

  it('an ID token that comes with a refresh and is not of its tenant is left out', async () => {
    const tokenSet = { refreshToken: 'refresh' };
    const good = await spendRefreshToken(await conversation(), tokenSet);
    assert.equal(typeof good.id_token, 'string');
    const claims = { iss: issuerOf(other), tid };
    const bad = await spendRefreshToken(await conversation({ claims }), tokenSet);
    assert.deepEqual([bad.access_token, bad.id_token], ['access', undefined]);
  });

  const documents: Readonly<Record<string, unknown>> = {
    'another host': `https://evil.example/{tenantid}/v2.0`,
    'a template in the place of the host': 'https://{tenantid}/common/v2.0',
    'another path': `${host}/{tenantid}/v1.0`,
    'a longer path': `${host}/{tenantid}/v2.0/x`,
    'another name': issuerOf('organizations'),
    'another template': `${host}/{tenant}/v2.0`,
    nothing: null,
    'no text': 7,
  };
  for (const [what, told] of Object.entries(documents)) {
    it(`metadata with ${what} for an issuer are not believed`, () =>
      assert.rejects(conversation({ told }), isInvalid));
  }

  it('metadata that cannot be had now are asked for later', () =>
    assert.rejects(conversation({ status: 503 }), { kind: 'transient' }));

  it('is not taken where the data does not say so', () =>
    assert.rejects(conversation({ quirks: [] }), isInvalid));

  const signers: Readonly<Record<string, readonly [keyIssuer: unknown, isRight: boolean]>> = {
    'of all tenants': [template, true],
    'of its own tenant': [issuerOf(tid), true],
    'of another tenant': [issuerOf(other), false],
    'of another issuer': ['https://evil.example/{tenantid}/v2.0', false],
    'of nobody that it names by text': [{ tid }, false],
  };
  for (const [whose, [keyIssuer, isRight]] of Object.entries(signers)) {
    it(`an ID token is ${isRight ? '' : 'not '}believed by a key ${whose}`, () =>
      isRight ? exchanged({ keyIssuer }) : assert.rejects(exchanged({ keyIssuer }), isInvalid));
  }

  it('names itself by any tenant in the answer to the authorization (RFC 9207)', async () => {
    assert.ok(await exchanged({}, issuerOf(other)));
    for (const iss of [template, asked, 'https://evil.example', `${host}/${tid}/v2.0/`]) {
      await assert.rejects(exchanged({}, iss), { code: 'issuer_mismatch' });
    }
  });
});
