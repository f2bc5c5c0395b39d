import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseSettings } from '../../src/providers/settings.ts';

const app = { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] };
const oauth2 = {
  kind: 'oauth2',
  name: 'One',
  authorizationEndpoint: 'https://one.example/authorize',
  tokenEndpoint: 'https://one.example/token',
  clientId: 'client',
  apiBaseUrl: 'https://api.one.example/v1',
  apiHosts: ['*.data.example'],
};
const map = { sub: 'id' };

function parse(provider: object, others: object = {}) {
  const document = { app, providers: { one: provider, ...others } };
  return parseSettings(new TextEncoder().encode(JSON.stringify(document)), false);
}

describe('settings of devices, exchanges and profiles', () => {
  for (const name of ['device', 'exchange', 'profile']) {
    it(`hold as docs/connect/${name}.md shows them`, () => {
      const page = new URL(`../../../docs/connect/${name}.md`, import.meta.url);
      const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
      assert.ok(Object.keys(parse(JSON.parse(shown)).providers).length > 0);
    });
  }

  it('are off where nothing is said', () => {
    const { one } = parse(oauth2).providers;
    assert.ok(one?.kind === 'oauth2');
    assert.deepEqual(
      [one.deviceAuthorization, one.tokenExchange, one.profile],
      [false, undefined, undefined],
    );
  });

  const good = {
    'a path below the API': '/me?fields=id',
    "a URL on the API's host": 'https://api.one.example/profile',
    'a URL on another host that the settings name': 'https://eu.data.example/me',
  };
  for (const [what, endpoint] of Object.entries(good)) {
    it(`take ${what} for a profile`, () => {
      assert.ok(parse({ ...oauth2, profile: { endpoint, map } }));
    });
  }

  const refused: Readonly<Record<string, [object, string]>> = {
    'a profile on a host that they do not name': [
      { profile: { endpoint: 'https://evil.example/me', map } },
      'profile.endpoint',
    ],
    'a profile whose host only ends like one of them': [
      { profile: { endpoint: 'https://evildata.example/me', map } },
      'profile.endpoint',
    ],
    'a profile without https': [
      { profile: { endpoint: 'http://api.one.example/me', map } },
      'profile.endpoint',
    ],
    'a profile at a host without a scheme': [
      { profile: { endpoint: '//evil.example/me', map } },
      'profile.endpoint',
    ],
    'a profile that does not say where sub is': [
      { profile: { endpoint: '/me', map: { name: 'name' } } },
      'profile.map',
    ],
    'a claim that OpenID Connect does not know': [
      { profile: { endpoint: '/me', map: { ...map, role: 'role' } } },
      'profile.map.role',
    ],
    'devices without their endpoint': [
      { deviceAuthorization: true },
      'deviceAuthorizationEndpoint',
    ],
    'devices whose endpoint is not https': [
      { deviceAuthorization: true, deviceAuthorizationEndpoint: 'http://one.example/device' },
      'deviceAuthorizationEndpoint',
    ],
    'exchanged tokens kept for a provider that there is not': [
      { tokenExchange: { keepAs: 'two' } },
      'tokenExchange.keepAs',
    ],
    'a field of an exchange that there is not': [
      { tokenExchange: { audience: ['orders'] } },
      'tokenExchange.audience',
    ],
    "an account's parameter that is none": [
      { tokenExchange: { account: { parameter: 'subject_token&x' } } },
      'tokenExchange.account.parameter',
    ],
    "an account's parameter that is the protocol's own": [
      { tokenExchange: { account: { parameter: 'subject_token' } } },
      'tokenExchange.account.parameter',
    ],
  };
  for (const [what, [change, field]] of Object.entries(refused)) {
    it(`refuse ${what}`, () => {
      const details = { field: `providers.one.${field}` };
      assert.throws(() => parse({ ...oauth2, ...change }), { code: 'settings_invalid', details });
    });
  }
});
