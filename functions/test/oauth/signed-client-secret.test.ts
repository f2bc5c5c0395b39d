import assert from 'node:assert/strict';
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import type { OutgoingRequest } from '../../src/egress/egress.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { requestToken } from '../../src/oauth/token-request.ts';
import { parseSettings } from '../../src/providers/settings.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

describe('a client secret that the app signs itself', () => {
  let keys: readonly [Pair, Pair];
  before(async () => {
    const made = () => generateKeyPair('ES256', { extractable: true });
    keys = [await made(), await made()];
  });

  const providerOf = (settings: object) => {
    const document = {
      app: {
        redirectUri: 'https://app.example/oauth/callback',
        returnTo: ['https://app.example/'],
      },
      providers: {
        one: {
          kind: 'oauth2',
          name: 'One',
          authorizationEndpoint: 'https://one.example/authorize',
          tokenEndpoint: 'https://one.example/auth/token',
          clientId: 'com.example.web',
          clientAuthentication: 'signed_client_secret',
          apiBaseUrl: 'https://one.example',
          ...settings,
        },
      },
    };
    const parsed = parseSettings(Buffer.from(JSON.stringify(document)), false).providers['one'];
    assert.ok(parsed);
    return { ...parsed, id: 'one' };
  };
  const pem = async ({ privateKey }: Pair, kid: string) => ({
    privateKey: await exportPKCS8(privateKey),
    kid,
  });

  /** Asks for tokens of a provider that believes one key, and shows with what it was asked. */
  async function asked(settings: object, { publicKey }: Pair) {
    const forms: URLSearchParams[] = [];
    const isBelieved = (form: URLSearchParams) =>
      jwtVerify(form.get('client_secret') ?? '', publicKey).then(
        () => true,
        () => false,
      );
    const egress = async ({ body, headers }: OutgoingRequest) => {
      assert.equal(headers['authorization'], undefined);
      const form = new URLSearchParams(String(body));
      forms.push(form);
      const answer = (await isBelieved(form))
        ? { access_token: 'access', token_type: 'bearer' }
        : { error: 'invalid_client' };
      return {
        status: 'error' in answer ? 400 : 200,
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.from(Buffer.from(JSON.stringify(answer))),
      };
    };
    const party = await createPartyFinder({ egress, allowLoopback: false })(providerOf(settings));
    const ask = () => requestToken(party, { grantType: 'client_credentials', parameters: {} });
    return { ask, forms };
  }

  it('is a JWT of its key, for the provider, by and about the app, good for a minute', async () => {
    const [key] = keys;
    const settings = { clientKeys: [await pem(key, 'KEY1')], clientSecretIssuer: 'TEAM1' };
    const { ask, forms } = await asked(settings, key);
    await ask();
    const [form] = forms;
    assert.equal(form?.get('client_id'), 'com.example.web');
    const verified = await jwtVerify(form.get('client_secret') ?? '', key.publicKey);
    assert.deepEqual(verified.protectedHeader, { alg: 'ES256', kid: 'KEY1' });
    const { iat = 0, exp = 0, ...claims } = verified.payload;
    assert.deepEqual(claims, {
      iss: 'TEAM1',
      sub: 'com.example.web',
      aud: 'https://one.example',
    });
    assert.equal(exp - iat, 60);
  });

  it('is by the client where the settings name nobody else, with a key as JWK as well', async () => {
    const [key] = keys;
    const privateKey = await exportJWK(key.privateKey);
    const { ask, forms } = await asked({ clientKeys: [{ privateKey }] }, key);
    await ask();
    const secret = forms[0]?.get('client_secret') ?? '';
    assert.equal((await jwtVerify(secret, key.publicKey)).payload.iss, 'com.example.web');
  });

  it('is signed by the other key where the first is not believed, and from then on', async () => {
    const [first, second] = keys;
    const clientKeys = [await pem(first, 'KEY1'), await pem(second, 'KEY2')];
    const { ask, forms } = await asked({ clientKeys }, second);
    await ask();
    await ask();
    const kids = forms.map((form) => {
      const [header = ''] = (form.get('client_secret') ?? '').split('.');
      return JSON.parse(Buffer.from(header, 'base64url').toString()).kid;
    });
    assert.deepEqual(kids, ['KEY1', 'KEY2', 'KEY2']);
  });

  it('needs a key in the settings', () => {
    assert.throws(() => providerOf({ clientSecrets: ['a secret'] }), {
      code: 'settings_invalid',
      details: { field: 'providers.one.clientKeys' },
    });
  });

  it('needs a key of the algorithm that they name', async () => {
    const [key] = keys;
    const clientKeys = [{ ...(await pem(key, 'KEY1')), alg: 'RS256' }];
    const { ask, forms } = await asked({ clientKeys }, key);
    await assert.rejects(ask(), {
      code: 'provider_misconfigured',
      details: { field: 'providers.one.clientKeys' },
    });
    assert.deepEqual(forms, []);
  });
});
