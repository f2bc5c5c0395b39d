import assert from 'node:assert/strict';
import * as v from 'valibot';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { settingsSchema } from '../../src/providers/settings-schema.ts';

describe('the client authenticates by client_secret_basic (RFC 6749 §2.3.1)', () => {
  const credentialsFor = async (clientId: string, secret: string): Promise<string> => {
    const settings = v.parse(settingsSchema, {
      app: {
        redirectUri: 'https://app.example/oauth/callback',
        returnTo: ['https://app.example/'],
      },
      providers: {
        one: {
          kind: 'oauth2',
          name: 'One',
          authorizationEndpoint: 'https://one.example/authorize',
          tokenEndpoint: 'https://one.example/token',
          clientId,
          clientSecrets: [secret],
          apiBaseUrl: 'https://one.example/api',
        },
      },
    });
    const provider = settings.providers['one'];
    assert.ok(provider);
    const findParty = createPartyFinder({
      egress: () => assert.fail('nothing is to be sent'),
      allowLoopback: false,
    });
    const { server, client, authenticated } = await findParty({ ...provider, id: 'one' });
    const headers = new Headers();
    await authenticated(async (clientAuth) =>
      clientAuth(server, client, new URLSearchParams(), headers),
    );
    const [, encoded = ''] = /^Basic (.*)$/.exec(headers.get('authorization') ?? '') ?? [];
    return Buffer.from(encoded, 'base64').toString();
  };

  it('with what a server that does not decode understands, wherever that can be', async () => {
    assert.equal(await credentialsFor('my-client_1.x', 'a-b_c.d~e'), 'my-client_1.x:a-b_c.d~e');
  });

  it('with everything else encoded, so that both form and URL decoding give it back', async () => {
    const pair = await credentialsFor('my client:1', 'a+b/c=%ü');
    const [id = '', secret = '', ...rest] = pair.split(':');
    assert.deepEqual(rest, []);
    assert.equal(decodeURIComponent(id), 'my client:1');
    assert.equal(new URLSearchParams(`id=${id}`).get('id'), 'my client:1');
    assert.equal(decodeURIComponent(secret), 'a+b/c=%ü');
    assert.equal(new URLSearchParams(`secret=${secret}`).get('secret'), 'a+b/c=%ü');
  });
});
