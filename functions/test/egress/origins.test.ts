import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { customFetch } from 'oauth4webapi';
import * as v from 'valibot';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { type Provider, settingsSchema } from '../../src/providers/settings-schema.ts';

describe('what goes to a provider', () => {
  const servers: LocalServer[] = [];
  const paths: string[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(({ stop }) => stop()));
    paths.length = 0;
  });
  const serve = async (answer: (url: string) => object): Promise<string> => {
    const server = await listen(
      createServer((request, response) => {
        paths.push(`${server.url}${request.url}`);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer(server.url)));
      }),
      0,
    );
    servers.push(server);
    return server.url;
  };
  const partyOf = async (settings: object) => {
    const { providers } = v.parse(settingsSchema, {
      app: { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] },
      providers: { one: { name: 'One', clientId: 'client', ...settings } },
    });
    const { one } = providers;
    assert.ok(one);
    const provider: Provider = { ...one, id: 'one' };
    const egress = createEgress({ allowLoopback: true });
    return createPartyFinder({ egress, allowLoopback: true })(provider);
  };
  const request = { method: 'POST', headers: { authorization: 'Basic x' }, body: 'a=b' };
  const refusal = { kind: 'refused', processed: 'no', reason: 'origin' };

  it('goes to the hosts of the endpoints that the settings write down, and to no other', async () => {
    const [here, revocation, other] = await Promise.all([
      serve(() => ({})),
      serve(() => ({})),
      serve(() => ({})),
    ]);
    const { transport } = await partyOf({
      kind: 'oauth2',
      authorizationEndpoint: `${other}/authorize`,
      tokenEndpoint: `${here}/token`,
      revocationEndpoint: `${revocation}/revoke`,
      apiBaseUrl: `${other}/api`,
    });
    await transport[customFetch](`${here}/token`, request);
    await transport[customFetch](`${revocation}/revoke`, request);
    await assert.rejects(transport[customFetch](`${other}/token`, request), refusal);
    assert.deepEqual(paths, [`${here}/token`, `${revocation}/revoke`]);
  });

  it('goes to the hosts of the endpoints that the issuer publishes, and to no other', async () => {
    const other = await serve(() => ({}));
    const endpoints = await serve(() => ({}));
    const issuer = await serve((url) => ({
      issuer: url,
      authorization_endpoint: `${other}/authorize`,
      token_endpoint: `${endpoints}/token`,
    }));
    const settings = { kind: 'oidc', issuer, apiBaseUrl: `${other}/api` };
    const { transport } = await partyOf(settings);
    await transport[customFetch](`${endpoints}/token`, request);
    await assert.rejects(transport[customFetch](`${other}/token`, request), refusal);
    const discovery = `${issuer}/.well-known/openid-configuration`;
    assert.deepEqual(paths, [discovery, `${endpoints}/token`]);
  });

  it('goes not to the host of its keys, from which they are fetched all the same', async () => {
    const keys = await serve(() => ({ keys: [] }));
    const issuer = await serve((url) => ({
      issuer: url,
      token_endpoint: `${url}/token`,
      jwks_uri: `${keys}/jwks`,
    }));
    const settings = { kind: 'oidc', issuer, apiBaseUrl: `${issuer}/api` };
    const { transport, idTokenKeys } = await partyOf(settings);
    await assert.rejects(transport[customFetch](`${keys}/jwks`, request), refusal);
    const token = { payload: '', signature: '' };
    await assert.rejects(async () => idTokenKeys?.({ alg: 'RS256', kid: 'one' }, token), {
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
    assert.equal(paths.filter((path) => path === `${keys}/jwks`).length, 1);
  });

  it('goes nowhere where the metadata is that of another issuer', async () => {
    const issuer = await serve(() => ({ issuer: 'https://other.example', token_endpoint: 'x' }));
    const settings = { kind: 'oidc', issuer, apiBaseUrl: `${issuer}/api` };
    await assert.rejects(partyOf(settings), { name: 'OAuthFailure', kind: 'invalid' });
  });
});
