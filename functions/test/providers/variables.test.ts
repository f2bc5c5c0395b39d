import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { toldApart } from '../../src/connections/account/told-apart.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { createProviderList } from '../../src/providers/list.ts';
import { parseSettings } from '../../src/providers/settings.ts';
import type { AuthorizingProvider } from '../../src/providers/settings-schema.ts';
import { variablesOf } from '../../src/providers/variables.ts';

const app = { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] };
const subdomain = { label: 'Subdomain', pattern: '[a-z0-9\\-]+', example: 'acme', by: 'user' };
const desk = {
  kind: 'oauth2',
  name: 'Desk',
  variables: { subdomain },
  authorizationEndpoint: 'https://{subdomain}.desk.example/authorize',
  tokenEndpoint: 'https://{subdomain}.desk.example/token',
  revocationEndpoint: 'https://{subdomain}.desk.example/revoke',
  endpointHosts: ['*.desk.example'],
  clientId: 'client',
  clientAuthentication: 'none',
  apiBaseUrl: 'https://{subdomain}.desk.example/api',
  apiHosts: ['*.desk.example'],
};

function parse(provider: object, others: object = {}) {
  const document = { app, providers: { one: provider, ...others } };
  return parseSettings(Buffer.from(JSON.stringify(document)), false);
}

function providerOf(change: object = {}): AuthorizingProvider {
  const { one } = parse({ ...desk, ...change }).providers;
  if (one?.kind !== 'oidc' && one?.kind !== 'oauth2') throw new Error('unreachable');
  return { ...one, id: 'one' };
}

const findParty = createPartyFinder({
  egress: () => assert.fail('nothing is to be sent'),
  allowLoopback: false,
});
const serverFor = async (extra: Record<string, string>, change: object = {}) =>
  (await findParty(providerOf(change), { extra })).server;

/** As users and attackers write them. The pattern refuses most; where it is lax the URL must hold. */
const hostile = [
  '',
  '.',
  '..',
  '../..',
  'evil.test/',
  'evil.test/.desk.example',
  'evil.test#',
  'evil.test?',
  'evil.test\\',
  'evil.test:443/',
  'evil.test:443',
  'u:p@evil.test/',
  'acme@evil.test',
  'acme%2eevil',
  '%2e%2e',
  '{subdomain}',
  '{client_id}',
  'evil.test／',
  'acme＠evil.test／',
  'acme\nevil',
  'acme\u0000',
  ' acme',
  'acme ',
];

describe('what users say of a variable', () => {
  const variablesWith = (given: Record<string, string>, change = {}) =>
    variablesOf(providerOf(change), given);

  it('is taken where it matches the pattern as a whole', () => {
    assert.deepEqual(variablesWith({ subdomain: 'acme-1' }), { subdomain: 'acme-1' });
    assert.deepEqual(variablesOf(providerOf(), JSON.parse('{"subdomain": "x"}')), {
      subdomain: 'x',
    });
  });

  const refused = [...hostile, 'ACME', 'acme。evil', 'acme.evil', 'ａcme', 'x'.repeat(254)];
  for (const value of refused) {
    const shown = JSON.stringify(value.slice(0, 30));
    it(`is refused where it is ${shown}, by a word on what to do and not by its value`, () => {
      assert.throws(
        () => variablesWith({ subdomain: value }),
        (error: unknown) => {
          const { code, details, message } = Object(error);
          assert.deepEqual([code, details.field], ['invalid_argument', 'variables.subdomain']);
          assert.match(message, /variables\.subdomain, like acme/);
          return true;
        },
      );
    });
  }

  it('has 253 characters at most, whatever the pattern allows', () => {
    const variables = { subdomain: { ...subdomain, pattern: '.+' } };
    assert.ok(variablesWith({ subdomain: 'x'.repeat(253) }, { variables }));
    const tooLong = { subdomain: 'x'.repeat(254) };
    assert.throws(() => variablesWith(tooLong, { variables }), { code: 'invalid_argument' });
  });

  it('is whole text: half of a pair (UTF-16) could not be written into an account', () => {
    const variables = { subdomain: { ...subdomain, pattern: '.+' } };
    assert.ok(variablesWith({ subdomain: '\u{1f600}' }, { variables }));
    for (const half of ['\ud83d', 'a\ude00']) {
      assert.throws(() => variablesWith({ subdomain: half }, { variables }), {
        code: 'invalid_argument',
      });
    }
  });

  it('is needed, and nothing else is taken, least of all by a name that every object has', () => {
    for (const given of ['{}', '{"__proto__": {"subdomain": "acme"}}', '{"constructor": "acme"}']) {
      assert.throws(() => variablesOf(providerOf(), JSON.parse(given)), {
        code: 'invalid_argument',
      });
    }
    for (const name of ['other', '__proto__', 'constructor', 'toString']) {
      const given = JSON.parse(`{"subdomain": "acme", "${name}": "acme"}`);
      assert.throws(() => variablesOf(providerOf(), given), {
        code: 'invalid_argument',
        details: { field: 'variables' },
      });
    }
  });

  it('is not asked of users of a provider without variables', () => {
    const fixed = providerOf({
      variables: {},
      authorizationEndpoint: 'https://desk.example/authorize',
      tokenEndpoint: 'https://desk.example/token',
      revocationEndpoint: 'https://desk.example/revoke',
      apiBaseUrl: 'https://desk.example/api',
    });
    assert.deepEqual(variablesOf(fixed), {});
    assert.throws(() => variablesOf(fixed, { subdomain: 'acme' }), { code: 'invalid_argument' });
  });

  it('is told to apps by providers-list, so that they can build a form', async () => {
    const hint = 'the first part of your address';
    const settings = parse({ ...desk, variables: { subdomain: { ...subdomain, hint } } });
    const reader = { read: async () => settings, provider: () => assert.fail() };
    const [offered] = await createProviderList(reader)();
    const { label, pattern, example } = subdomain;
    assert.deepEqual(offered?.variables, { subdomain: { label, hint, pattern, example } });
  });
});

describe('where a variable leads', () => {
  it('is to all endpoints of its tenant, and an issuer of its own', async () => {
    const server = await serverFor({ subdomain: 'acme' });
    assert.deepEqual(
      [server.issuer, server.authorization_endpoint, server.token_endpoint],
      [
        'https://acme.desk.example',
        'https://acme.desk.example/authorize',
        'https://acme.desk.example/token',
      ],
    );
    assert.equal(server.revocation_endpoint, 'https://acme.desk.example/revoke');
  });

  it('leaves the places of what is put in later', async () => {
    const at = 'https://{subdomain}.desk.example/tokens/{token}';
    const change = { revocationEndpoint: at, revocation: { method: 'DELETE', by: 'access_token' } };
    const { revocation_endpoint: endpoint } = await serverFor({ subdomain: 'acme' }, change);
    assert.equal(endpoint, 'https://acme.desk.example/tokens/{token}');
  });

  // What is kept may have been written by somebody else, or before the settings were changed.
  for (const value of hostile) {
    it(`is nowhere for ${JSON.stringify(value)}, wherever it was written down`, async () => {
      await assert.rejects(serverFor({ subdomain: value }), {
        code: 'invalid_argument',
        details: { field: 'variables.subdomain' },
      });
    });
  }

  it('is nowhere where it is not known', async () => {
    await assert.rejects(findParty(providerOf()), { code: 'invalid_argument' });
    await assert.rejects(serverFor({ constructor: 'acme' }), { code: 'invalid_argument' });
  });

  const instances = {
    authorizationEndpoint: 'https://{subdomain}/authorize',
    tokenEndpoint: 'https://{subdomain}/token',
    revocationEndpoint: 'https://{subdomain}/revoke',
  };
  for (const host of [
    'evil.test',
    'desk.example',
    'evildesk.example',
    'a.desk.example.evil.test',
    'a.desk.example:8443',
    '169.254.169.254',
    '[::1]',
    'localhost',
    'a。desk.example.evil.test',
  ]) {
    it(`is no host that the settings do not name: ${host}`, async () => {
      await assert.rejects(serverFor({ subdomain: host }, instances), { code: 'invalid_argument' });
    });
  }

  // The revocation's address is filled once more, with tokens and the client secret among the fields.
  for (const value of [
    'https://a.desk.example/{client_secret}',
    'https://a.desk.example/{access_token}',
    'https://a.desk.example/x?y=',
    'https://a.desk.example/x\\y',
    'https://a.desk.example/ x',
  ]) {
    it(`is nothing but a place where the address begins with it: not ${value}`, async () => {
      const whole = {
        authorizationEndpoint: '{subdomain}/authorize',
        tokenEndpoint: '{subdomain}/token',
        revocationEndpoint: '{subdomain}/revoke',
      };
      assert.ok(await serverFor({ subdomain: 'https://a.desk.example/x' }, whole));
      await assert.rejects(serverFor({ subdomain: value }, whole), { code: 'invalid_argument' });
    });
  }

  it('is one parameter of an address and no further one', async () => {
    const inQuery = { tokenEndpoint: 'https://{subdomain}.desk.example/token?tenant={subdomain}' };
    for (const value of ['a&grant_type=x', 'a;b']) {
      await assert.rejects(serverFor({ subdomain: value }, inQuery), { code: 'invalid_argument' });
    }
    const fixed = {
      authorizationEndpoint: 'https://desk.example/authorize',
      tokenEndpoint: 'https://desk.example/token?tenant={subdomain}',
      revocationEndpoint: 'https://desk.example/revoke',
    };
    for (const value of ['a&grant_type=x', 'a;b=x']) {
      await assert.rejects(serverFor({ subdomain: value }, fixed), { code: 'invalid_argument' });
    }
  });

  it('is a host that they name, however its dots are written', async () => {
    for (const host of ['a.desk.example', 'a。desk。example', 'A.DESK.EXAMPLE']) {
      const { token_endpoint: endpoint = '' } = await serverFor({ subdomain: host }, instances);
      assert.equal(new URL(endpoint).host, 'a.desk.example');
    }
  });

  it('is a path of a host that the settings fix, without naming it again', async () => {
    const realm = {
      authorizationEndpoint: 'https://id.desk.example/{subdomain}/authorize',
      tokenEndpoint: 'https://id.desk.example/{subdomain}/token',
      revocationEndpoint: 'https://id.desk.example/{subdomain}/revoke',
      endpointHosts: [],
    };
    const { token_endpoint: endpoint } = await serverFor({ subdomain: 'acme' }, realm);
    assert.equal(endpoint, 'https://id.desk.example/acme/token');
    for (const value of ['..', '../x', '%2e%2e', 'a/../..', 'a?b', 'a#b', 'a\\b', '.\t.']) {
      await assert.rejects(serverFor({ subdomain: value }, realm), { code: 'invalid_argument' });
    }
  });
});

describe('an account at a provider with tenants', () => {
  const account = { subject: '1', name: 'Ada' };
  const subjectAt = (extra: Record<string, string>, change: object = {}, subject = '1') =>
    toldApart(providerOf(change), { extra }, { ...account, subject }).subject;

  it('is another at each of them', () => {
    assert.equal(subjectAt({ subdomain: 'acme' }), '1@acme');
    assert.equal(subjectAt({ subdomain: 'other' }), '1@other');
  });

  it('cannot be given the name of another by what is said of its tenant', () => {
    const two = {
      variables: { subdomain, region: { ...subdomain, pattern: '.+' } },
      tokenEndpoint: 'https://{region}.desk.example/token',
    };
    const seen = new Set([
      subjectAt({ subdomain: 'a', region: 'b,c' }, two),
      subjectAt({ subdomain: 'a,b', region: 'c' }, two),
      subjectAt({ subdomain: 'a@b', region: 'c' }, two),
      subjectAt({ subdomain: 'b', region: 'c' }, two, '1@a'),
      subjectAt({ subdomain: 'b,c', region: '' }, two, '1@a'),
    ]);
    assert.equal(seen.size, 5);
  });

  it('stays unknown where the provider did not tell whose it is', () => {
    assert.deepEqual(toldApart(providerOf(), { extra: { subdomain: 'acme' } }, {}), {});
  });

  it('is told apart by what the browser brought, where that says where the API is', () => {
    const company = { callbackParameters: ['realmId', 'other'] };
    const at = { ...company, apiBaseUrl: 'https://api.desk.example/company/{realmId}' };
    const extra = { subdomain: 'acme', realmId: '12', other: 'x' };
    assert.equal(subjectAt(extra, at), '1@acme,12');
    assert.equal(subjectAt(extra, company), '1@acme');
  });

  it('is what the provider says where there are no tenants', () => {
    const fixed = {
      variables: {},
      authorizationEndpoint: 'https://desk.example/authorize',
      tokenEndpoint: 'https://desk.example/token',
      revocationEndpoint: 'https://desk.example/revoke',
      apiBaseUrl: 'https://desk.example/api',
    };
    assert.equal(subjectAt({}, fixed), '1');
  });
});

describe('settings with variables that users say', () => {
  const machine = {
    kind: 'client-credentials',
    name: 'Machine',
    tokenEndpoint: 'https://desk.example/token',
    clientId: 'client',
    clientSecrets: ['secret'],
    apiBaseUrl: 'https://desk.example/api',
  };
  const lookup = { endpoint: 'https://{subdomain}.desk.example/me', keep: { site: 'site' } };
  const refused: Readonly<Record<string, [change: object, field: string]>> = {
    'an endpoint that holds something else': [
      { tokenEndpoint: 'https://{other}.desk.example/token' },
      'tokenEndpoint',
    ],
    'an issuer that a user could choose': [
      { issuer: 'https://{subdomain}.desk.example' },
      'issuer',
    ],
    'keys that a user could choose': [
      { jwksUri: 'https://{subdomain}.desk.example/jwks' },
      'jwksUri',
    ],
    'no hosts that it may lead to': [{ endpointHosts: [] }, 'endpointHosts'],
    'no hosts that the API may be at': [{ apiHosts: [] }, 'apiHosts'],
    'a variable that the provider could tell otherwise': [{ keep: ['subdomain'] }, 'variables'],
    'a variable that the browser could bring otherwise': [
      { callbackParameters: ['subdomain'] },
      'variables',
    ],
    'a variable that a look-up could tell otherwise': [
      { lookup: { ...lookup, keep: { subdomain: 'site' } } },
      'variables',
    ],
    'what the browser could bring in the place of what the provider tells': [
      { keep: ['host'], callbackParameters: ['host'] },
      'callbackParameters',
    ],
    'what the browser could bring in the place of what is looked up': [
      { lookup: { ...lookup, keep: { host: 'site' } }, callbackParameters: ['host'] },
      'callbackParameters',
    ],
    'what is kept under the name of a token': [{ keep: ['access_token'] }, 'keep.0'],
    'what is looked up under the name of the client': [
      { lookup: { ...lookup, keep: { client_id: 'id' } } },
      'lookup.keep.client_id',
    ],
    'what the browser brings under the name of a token': [
      { callbackParameters: ['access_token'] },
      'callbackParameters.0',
    ],
    'what an answer tells in any case': [{ callbackParameters: ['iss'] }, 'callbackParameters.0'],
    'a variable under the name of the client secret': [
      { variables: { subdomain, client_secret: subdomain } },
      'variables.client_secret',
    ],
    'sign-ins, which ask users for nothing': [{ signIn: { providerId: 'oidc.desk' } }, 'signIn'],
    'a look-up elsewhere': [
      { lookup: { ...lookup, endpoint: 'https://evil.example/me' } },
      'lookup.endpoint',
    ],
    'a look-up by what it is to tell itself': [
      { lookup: { ...lookup, endpoint: 'https://{subdomain}.desk.example/{site}' } },
      'lookup.endpoint',
    ],
    'a look-up with a header of something unknown': [
      { lookup: { ...lookup, headers: { 'x-key': '{other}' } } },
      'lookup.headers',
    ],
    'a profile at an address of something unknown': [
      { profile: { endpoint: '/users/{other}', map: { sub: 'id' } } },
      'profile.endpoint',
    ],
    'an exchange for what would need more': [
      {
        variables: {},
        authorizationEndpoint: 'https://desk.example/authorize',
        tokenEndpoint: 'https://desk.example/token',
        revocationEndpoint: 'https://desk.example/revoke',
        apiBaseUrl: 'https://desk.example/api',
        tokenExchange: { audiences: ['two'], keepAs: 'two' },
      },
      'tokenExchange.keepAs',
    ],
  };
  for (const [what, [change, field]] of Object.entries(refused)) {
    it(`are refused for ${what}`, () => {
      assert.throws(() => parse({ ...desk, ...change }, { two: desk }), {
        code: 'settings_invalid',
        details: { field: `providers.one.${field}` },
      });
    });
  }

  it('are refused where credentials are handed over', () => {
    const asked = { ...machine, variables: { subdomain } };
    assert.throws(() => parse(asked), { details: { field: 'providers.one.variables' } });
    const looking = { ...machine, lookup: { endpoint: 'https://desk.example/me', keep: {} } };
    assert.throws(() => parse(looking), { details: { field: 'providers.one.lookup' } });
  });

  it('hold as docs/connect/variables.md shows them', () => {
    const page = new URL('../../../docs/connect/variables.md', import.meta.url);
    const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
    assert.ok(parse(JSON.parse(shown)));
  });

  it('are taken with all of it in its place', () => {
    const whole = {
      keep: ['id'],
      callbackParameters: ['realmId'],
      lookup: { ...lookup, headers: { authorization: 'OAuth {access_token}' } },
      apiBaseUrl: 'https://{subdomain}.desk.example/api/{site}/{realmId}',
      profile: { endpoint: '/users/{id}', map: { sub: 'id' } },
    };
    assert.ok(parse({ ...desk, ...whole }));
  });
});
