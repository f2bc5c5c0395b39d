import assert from 'node:assert/strict';
import { serverOf } from '../../src/oauth/server.ts';
import { parseSettings } from '../../src/providers/settings.ts';

describe('endpoints that are written down', () => {
  const issuer = 'https://one.example';
  const algorithmsWith = async (entry: object) => {
    const settings = {
      app: { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] },
      providers: {
        one: {
          kind: 'oauth2',
          clientId: 'client',
          authorizationEndpoint: `${issuer}/authorize`,
          tokenEndpoint: `${issuer}/token`,
          apiBaseUrl: `${issuer}/api`,
          ...entry,
        },
      },
    };
    const { one } = parseSettings(Buffer.from(JSON.stringify(settings)), false).providers;
    assert.ok(one !== undefined);
    const nobody = () => assert.fail('nothing is to be discovered');
    const server = await serverOf({ ...one, id: 'one' }, {}, nobody);
    return server.id_token_signing_alg_values_supported ?? [];
  };
  const jwksUri = `${issuer}/keys`;

  it('let an ID token be signed by the client secret where no key is to verify it', async () => {
    assert.ok((await algorithmsWith({})).includes('HS256'));
    const byTransport = { jwksUri, idTokenSignature: 'transport' };
    assert.ok((await algorithmsWith(byTransport)).includes('HS256'));
  });

  it('let it be signed by a key of any kind, and by nothing else, where keys are named', async () => {
    const algorithms = await algorithmsWith({ jwksUri });
    assert.ok(algorithms.includes('RS256') && algorithms.includes('ES256'));
    assert.deepEqual(
      algorithms.filter((name) => /^HS|^none$/i.test(name)),
      [],
    );
  });
});
