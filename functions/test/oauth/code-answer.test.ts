import assert from 'node:assert/strict';
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { IssuerUnavailable } from '../../src/identity/bearer.ts';
import { exchangeCode, validateResponse } from '../../src/oauth/authorization-code.ts';
import type { AuthorizationSecrets } from '../../src/oauth/authorization-request.ts';
import { newDpopKey } from '../../src/oauth/dpop.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { authorizingParty, clientId, issuer, redirectUri } from './authorizing.ts';

const now = Math.floor(Date.now() / 1_000);
const nonce = 'nonce of this authorization';
const good = { iss: issuer, aud: clientId, sub: 'ada', nonce, iat: now, exp: now + 600 };

describe("the token endpoint's answer to a code", () => {
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let foreign: typeof keys;
  let idTokenKeys: ReturnType<typeof createLocalJWKSet>;
  before(async () => {
    [keys, foreign] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    idTokenKeys = createLocalJWKSet({ keys: [jwk] });
  });

  const header: JWTHeaderParameters = { alg: 'RS256', kid: 'one' };
  interface Signing {
    readonly key?: Parameters<SignJWT['sign']>[0];
    readonly as?: JWTHeaderParameters;
  }
  const signed = (claims: object, { key = keys.privateKey, as = header }: Signing = {}) =>
    new SignJWT({ ...claims }).setProtectedHeader(as).sign(key);
  const unsigned = (claims: object, alg: string, signature = '') =>
    [{ alg, kid: 'one' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .concat(signature)
      .join('.');

  interface Given {
    readonly idToken?: string | undefined;
    readonly tokenType?: string;
    readonly settings?: object;
    readonly server?: object;
    readonly party?: object;
    readonly secrets?: AuthorizationSecrets;
  }

  /** Exchanges a code where this is given for it. */
  async function exchanged({ idToken, tokenType = 'Bearer', ...options }: Given) {
    const { party, sent } = authorizingParty({
      ...options,
      party: { idTokenKeys, ...options.party },
      answer: ({ url }) =>
        url.endsWith('/revoke')
          ? new Response(null)
          : Response.json({
              access_token: 'access',
              refresh_token: 'refresh',
              token_type: tokenType,
              ...(idToken !== undefined && { id_token: idToken }),
            }),
    });
    const parameters = validateResponse(party, { state: 'state', code: 'code' });
    const secrets = options.secrets ?? { codeVerifier: 'v'.repeat(43), nonce };
    const work = exchangeCode(party, parameters, redirectUri, secrets);
    return { work, sent };
  }

  it('tells whose account it is by an ID token that its issuer signed for us and this request', async () => {
    const { work, sent } = await exchanged({ idToken: await signed(good) });
    assert.equal((await work).claims?.sub, 'ada');
    assert.deepEqual(
      sent.map(({ url }) => url),
      [`${issuer}/token`],
    );
  });

  const hsWithPublicKey = async () => {
    const pem = await exportSPKI(keys.publicKey);
    return signed(good, { key: Buffer.from(pem), as: { alg: 'HS256', kid: 'one' } });
  };
  const hsOfEmbeddedKey = async () => {
    const jwk = await exportJWK(foreign.publicKey);
    return signed(good, { key: foreign.privateKey, as: { alg: 'RS256', jwk } });
  };
  const everything = ['RS256', 'HS256', 'none', 'PS256', 'ES256'];
  const refused: readonly (readonly [what: string, idToken: () => Promise<string> | string])[] = [
    ['is for another client of the same issuer', () => signed({ ...good, aud: 'another' })],
    [
      'is for others as well and names another as its receiver',
      () => signed({ ...good, aud: [clientId, 'another'], azp: 'another' }),
    ],
    ['is of another issuer', () => signed({ ...good, iss: 'https://two.example' })],
    ['is of another authorization: its nonce is replayed', () => signed({ ...good, nonce: 'old' })],
    ['has no nonce', () => signed({ ...good, nonce: undefined })],
    ['is over', () => signed({ ...good, exp: now - 3_600 })],
    ['has no end', () => signed({ ...good, exp: undefined })],
    ['is not valid yet', () => signed({ ...good, nbf: now + 3_600 })],
    ['has no subject', () => signed({ ...good, sub: undefined })],
    ['is signed by somebody else', () => signed(good, { key: foreign.privateKey })],
    ['brings its own key', hsOfEmbeddedKey],
    ['is signed with the public key as a secret (alg confusion)', hsWithPublicKey],
    ['is not signed at all (alg none)', () => unsigned(good, 'none')],
    ['calls "none" by other letters', () => unsigned(good, 'nOnE')],
    ['has an empty signature', () => unsigned(good, 'RS256')],
    ['has a made-up signature', () => unsigned(good, 'RS256', 'c2lnbmF0dXJl')],
    [
      'was changed after it was signed',
      async () => {
        const [head = '', , signature = ''] = (await signed(good)).split('.');
        const claims = Buffer.from(JSON.stringify({ ...good, sub: 'mallory' }));
        return [head, claims.toString('base64url'), signature].join('.');
      },
    ],
    ['is no JWT', () => 'soon'],
  ];
  for (const [what, idToken] of refused) {
    it(`is not believed where its ID token ${what}; what came with it is revoked`, async () => {
      // Also where the provider says that it signs by any of these.
      const server = { id_token_signing_alg_values_supported: everything };
      const { work, sent } = await exchanged({ idToken: await idToken(), server });
      await assert.rejects(
        work,
        (error) => error instanceof OAuthFailure && error.kind === 'invalid',
      );
      const revoked = sent.filter(({ url }) => url.endsWith('/revoke'));
      assert.deepEqual(
        revoked.map(({ body }) => body.get('token')),
        ['refresh', 'access'],
      );
    });
  }

  it('is not believed without an ID token where one was asked for', async () => {
    const { work } = await exchanged({});
    await assert.rejects(work, { kind: 'invalid' });
  });

  it('is given up, and revoked, where the issuer’s keys cannot be had', async () => {
    const party = {
      idTokenKeys: () => {
        throw new IssuerUnavailable('The issuer gives no keys.');
      },
    };
    const { work, sent } = await exchanged({ idToken: await signed(good), party });
    await assert.rejects(work, { code: 'unavailable' });
    assert.equal(sent.filter(({ url }) => url.endsWith('/revoke')).length, 2);
  });

  it('is not asked for where the provider names no keys at all', async () => {
    const party = { idTokenKeys: undefined };
    const { work, sent } = await exchanged({ idToken: await signed(good), party });
    await assert.rejects(work, { code: 'provider_misconfigured' });
    assert.deepEqual(sent, []);
  });

  it('is believed by its transport alone where the settings say so (OIDC Core 1.0 §3.1.3.7, 6)', async () => {
    const settings = { idTokenSignature: 'transport' };
    const { work } = await exchanged({ idToken: unsigned(good, 'RS256', 'AA'), settings });
    assert.equal((await work).claims?.sub, 'ada');
  });

  describe('where the tokens were to be bound to a key (RFC 9449)', () => {
    it('is refused and revoked as a Bearer token: that would be a downgrade', async () => {
      const secrets = { codeVerifier: 'v'.repeat(43), nonce, dpopKey: await newDpopKey() };
      const { work, sent } = await exchanged({ idToken: await signed(good), secrets });
      await assert.rejects(work, { code: 'provider_answer_invalid' });
      assert.equal(sent.filter(({ url }) => url.endsWith('/revoke')).length, 2);
    });

    it('is a DPoP token, asked for with a proof', async () => {
      const secrets = { codeVerifier: 'v'.repeat(43), nonce, dpopKey: await newDpopKey() };
      const idToken = await signed(good);
      const { work, sent } = await exchanged({ idToken, secrets, tokenType: 'DPoP' });
      assert.equal((await work).answer.token_type, 'dpop');
      assert.equal(typeof sent[0]?.headers['dpop'], 'string');
    });

    it('is of no other use: a DPoP token that nobody asked for is refused', async () => {
      const { work } = await exchanged({ idToken: await signed(good), tokenType: 'DPoP' });
      await assert.rejects(work, { code: 'provider_answer_invalid' });
    });
  });

  it('is asked for with the verifier, the redirect URI and what the settings add', async () => {
    const settings = { tokenParameters: { audience: 'api' }, resource: 'https://api.example/v1' };
    const { work, sent } = await exchanged({ idToken: await signed(good), settings });
    await work;
    assert.deepEqual(Object.fromEntries(sent[0]?.body ?? []), {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: 'code',
      redirect_uri: redirectUri,
      code_verifier: 'v'.repeat(43),
      audience: 'api',
      resource: 'https://api.example/v1',
    });
  });

  it('needs no ID token of plain OAuth 2.0, where a scope may be called openid; one that comes is judged', async () => {
    const settings = {
      kind: 'oauth2',
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
    };
    const { answer, claims } = await (await exchanged({ settings })).work;
    assert.deepEqual([answer.access_token, claims], ['access', undefined]);
    const replayed = await signed({ ...good, nonce: 'old' });
    await assert.rejects((await exchanged({ settings, idToken: replayed })).work, OAuthFailure);
  });

  it('is asked for with the name that the provider has for the redirect URI', async () => {
    const settings = { redirectUriAlias: 'App-App-PRD-1a2b' };
    const { work, sent } = await exchanged({ idToken: await signed(good), settings });
    await work;
    assert.equal(sent[0]?.body.get('redirect_uri'), 'App-App-PRD-1a2b');
  });

  it('is asked for without a verifier only where there is none', async () => {
    const { work, sent } = await exchanged({ idToken: await signed(good), secrets: { nonce } });
    await work;
    assert.equal(sent[0]?.body.has('code_verifier'), false);
  });
});
