import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { StrongroomError } from '../../src/errors.ts';
import { parseSettings } from '../../src/providers/settings.ts';

const app = {
  redirectUri: 'https://app.example/oauth/callback',
  returnTo: ['https://app.example/'],
};
const parse = (providers: unknown) =>
  parseSettings(Buffer.from(JSON.stringify({ app, providers })), false).providers;
const server = {
  name: 'One',
  tokenEndpoint: 'https://one.example/token',
  apiBaseUrl: 'https://one.example/api',
};
const machine = { ...server, kind: 'client-credentials' };
const bearer = { ...server, kind: 'jwt-bearer' };
const keyed = { kind: 'api-key', name: 'One', apiBaseUrl: 'https://one.example/api' };
const marker = 'marked-as-secret';
const key = { privateKey: `-----BEGIN PRIVATE KEY-----\n${marker}` };
const open = (name: string) => ({ name, label: name, secret: false });

describe('the settings of providers that take credentials', () => {
  const page = readFileSync(
    new URL('../../../docs/connect/credentials.md', import.meta.url),
    'utf8',
  );
  const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text);

  it('are as docs/connect/credentials.md shows them', () => {
    const parsed = examples.flatMap((text) => Object.values(parse(JSON.parse(text))));
    assert.deepEqual(
      parsed.map(({ kind }) => kind),
      ['basic', 'api-key', 'client-credentials', 'client-credentials', 'jwt-bearer', 'jwt-bearer'],
    );
  });

  it('have safe defaults: a field is a secret, a verdict is a plain one', () => {
    const { one } = parse({
      one: { ...keyed, fields: [{ name: 'api_key', label: 'Key' }], verify: { path: '/me' } },
    });
    assert.ok(one?.kind === 'api-key');
    assert.deepEqual(one.fields, [
      { name: 'api_key', label: 'Key', secret: true, optional: false, multiline: false },
    ]);
    assert.deepEqual(one.verify, {
      ...{ method: 'GET', path: '/me', expect: [200], refused: [401, 403], account: {} },
    });
  });

  const wrong: readonly [what: string, entry: object, field: string][] = [
    ['no token endpoint', { ...machine, tokenEndpoint: undefined }, 'tokenEndpoint'],
    ['a token endpoint that is no URL', { ...machine, tokenEndpoint: 'one' }, 'tokenEndpoint'],
    [
      'a token endpoint without TLS',
      { ...machine, tokenEndpoint: 'http://one.example/' },
      'tokenEndpoint',
    ],
    [
      'a secret in the address',
      {
        ...machine,
        tokenEndpoint: 'https://{client_secret}.one.example/',
        tokenHosts: ['*.one.example'],
      },
      'tokenEndpoint',
    ],
    [
      "a host that is anybody's",
      {
        ...machine,
        fields: [open('client_id'), { name: 'client_secret', label: 'x' }, open('site')],
        tokenEndpoint: 'https://{site}/token',
      },
      'tokenHosts',
    ],
    [
      'an address of what nobody is asked for',
      { ...machine, tokenEndpoint: 'https://{site}.one.example/' },
      'tokenEndpoint',
    ],
    ['a form without the secret', { ...machine, fields: [open('client_id')] }, 'fields'],
    ['a form without the key', { ...bearer, fields: [open('client_id')] }, 'fields'],
    ['a field twice', { ...keyed, fields: [open('a'), { name: 'a', label: 'a' }] }, 'fields'],
    ['a field that the answer has as well', { ...keyed, keep: ['api_key'] }, 'fields'],
    ['a key that is no secret', { ...keyed, fields: [open('api_key')] }, 'fields'],
    [
      'a field that stands for the token',
      { ...keyed, fields: [{ name: 'access_token', label: 'x' }] },
      'fields.0.name',
    ],
    [
      'a pattern that is none',
      { ...keyed, fields: [{ name: 'a', label: 'x', pattern: '(' }] },
      'fields.0.pattern',
    ],
    [
      "the app's client with a user's fields",
      { ...machine, clientId: 'one', fields: [open('account')] },
      'fields',
    ],
    [
      "the app's signature for whom a user names",
      {
        ...bearer,
        clientId: 'one',
        assertionKeys: [key],
        fields: [open('email')],
        assertion: { subject: '{email}' },
      },
      'fields',
    ],
    [
      'a parameter of the protocol',
      { ...machine, tokenParameters: { grant_type: 'password' } },
      'tokenParameters',
    ],
    [
      'a parameter of the protocol',
      { ...bearer, tokenParameters: { assertion: 'x' } },
      'tokenParameters',
    ],
    [
      'a parameter of nothing',
      { ...machine, tokenParameters: { account: '{account}' } },
      'tokenParameters',
    ],
    ['an assertion of nothing', { ...bearer, assertion: { subject: '{email}' } }, 'assertion'],
    [
      'a claim of nothing',
      { ...bearer, assertion: { claims: { scope: '{scopes}' } } },
      'assertion.claims',
    ],
    [
      'a certificate for clients of users',
      {
        ...machine,
        clientAuthentication: 'tls_client_auth',
        clientCertificate: {
          certificate: '-----BEGIN CERTIFICATE-----\n',
          privateKey: key.privateKey,
        },
      },
      'clientId',
    ],
    [
      'a certificate that is none',
      {
        ...machine,
        clientId: 'one',
        clientCertificate: { certificate: marker, privateKey: key.privateKey },
      },
      'clientCertificate.certificate',
    ],
    [
      'mutual TLS without a certificate',
      { ...machine, clientId: 'one', clientAuthentication: 'tls_client_auth' },
      'clientCertificate',
    ],
    [
      'a key that is none',
      { ...machine, clientId: 'one', clientKeys: [{ privateKey: marker }] },
      'clientKeys.0.privateKey',
    ],
    [
      'a public key',
      { ...machine, clientId: 'one', clientKeys: [{ privateKey: { kty: 'RSA', n: marker } }] },
      'clientKeys.0.privateKey',
    ],
    [
      'a secret of both sides as a key',
      {
        ...machine,
        clientId: 'one',
        clientKeys: [{ privateKey: { kty: 'oct', k: marker, d: marker } }],
      },
      'clientKeys.0.privateKey',
    ],
    [
      'an algorithm without a signature',
      { ...machine, clientId: 'one', clientKeys: [{ ...key, alg: 'none' }] },
      'clientKeys.0.alg',
    ],
    ['three keys', { ...machine, clientId: 'one', clientKeys: [key, key, key] }, 'clientKeys'],
    ['a trial elsewhere', { ...keyed, verify: { path: 'https://evil.example/' } }, 'verify.path'],
    [
      'a trial that is anything but a question',
      { ...keyed, verify: { path: '/', method: 'DELETE' } },
      'verify.method',
    ],
    [
      'a name of nothing',
      { kind: 'basic', name: 'x', apiBaseUrl: 'https://one.example', username: '{who}' },
      'username',
    ],
    [
      'an address for the browser',
      { ...machine, authorizationEndpoint: 'https://one.example/' },
      'authorizationEndpoint',
    ],
    [
      'a header of what nobody is asked for',
      { ...keyed, credential: { headers: { 'x-key': '{other}' } } },
      'credential.headers',
    ],
    [
      'a secret in the address of the API',
      { ...keyed, apiBaseUrl: 'https://{api_key}.one.example', apiHosts: ['*.one.example'] },
      'apiBaseUrl',
    ],
  ];
  for (const [what, entry, field] of wrong) {
    it(`are refused with ${what}, by the name of the field and without its value`, () => {
      assert.throws(
        () => parse({ one: entry }),
        (error: unknown) => {
          assert.ok(error instanceof StrongroomError);
          assert.deepEqual(
            [error.code, error.details.field],
            ['settings_invalid', `providers.one.${field}`],
          );
          assert.ok(!error.message.includes(marker));
          return true;
        },
      );
    });
  }
});
