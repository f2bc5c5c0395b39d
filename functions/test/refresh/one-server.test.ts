import assert from 'node:assert/strict';
import { isOneServer } from '../../src/refresh/engine.ts';
import { providerWith } from '../oauth/wired.ts';

describe('a circuit of all connections of a provider', () => {
  const variables = { shop: { label: 'Shop', pattern: '[a-z]+', example: 'acme', by: 'user' } };
  const atShop = { variables, endpointHosts: ['*.one.example'] };
  const perShop = 'https://{shop}.one.example/token';

  it('is for those that are refreshed at one server', async () => {
    assert.equal(isOneServer(await providerWith({})), true);
    const elsewhere = { ...atShop, tokenEndpoint: perShop, refreshEndpoint: 'https://one.example' };
    assert.equal(isOneServer(await providerWith(elsewhere)), true);
  });

  it('is not for those whose users name the server: that one tenant is gone tells nothing of others', async () => {
    for (const at of ['tokenEndpoint', 'refreshEndpoint']) {
      assert.equal(isOneServer(await providerWith({ ...atShop, [at]: perShop })), false, at);
    }
  });
});
