import assert from 'node:assert/strict';
import * as v from 'valibot';
import { apiOf } from '../../src/calls/api-base.ts';
import { credentialOf, withCredential } from '../../src/calls/credential.ts';
import { assertNoCredential, headersOf } from '../../src/calls/request-guard.ts';
import { urlAt, urlOf, urlWithin } from '../../src/calls/request-url.ts';
import { providerSchema } from '../../src/providers/provider-schema.ts';

function providerWith(change: object) {
  const common = { kind: 'oidc', name: 'One', issuer: 'https://id.example', clientId: 'client' };
  const apiBaseUrl = 'https://api.example/v1';
  return { ...v.parse(providerSchema, { ...common, apiBaseUrl, ...change }), id: 'one' };
}

const invalid = { code: 'provider_answer_invalid' };

describe('the API of a connection', () => {
  const perUser = providerWith({
    apiBaseUrl: '{instance_url}/services/data',
    keep: ['instance_url'],
    apiHosts: ['*.my.example.com', 'login.example.com'],
  });
  const baseFor = (instanceUrl: string) =>
    apiOf(perUser, { extra: { instance_url: instanceUrl } }).base.href;

  it('is where the provider told, on the hosts that the settings name', () => {
    for (const host of ['one.my.example.com', 'a.b.my.example.com', 'login.example.com']) {
      assert.equal(baseFor(`https://${host}`), `https://${host}/services/data`);
    }
  });

  const hostile = [
    '',
    'https://evil.example',
    'https://my.example.com',
    'https://evilmy.example.com',
    'https://one.my.example.com.evil.example',
    'https://one.my.example.com@evil.example',
    'https://user:pass@one.my.example.com',
    'https://evil.example/?.my.example.com',
    'https://evil.example#.my.example.com',
    'https://evil.example\\.my.example.com',
    'https://one.my.example.com:8443',
    'http://one.my.example.com',
    'http://169.254.169.254',
    'https://[::1]',
    'javascript:alert(1)//one.my.example.com',
    'file:///etc/passwd',
    '//one.my.example.com',
    '{instance_url}',
  ];
  for (const told of hostile) {
    it(`is nowhere where the provider told ${JSON.stringify(told)}`, () => {
      assert.throws(() => baseFor(told), invalid);
    });
  }

  it('is nowhere where the provider told nothing', () => {
    assert.throws(() => apiOf(perUser, {}), invalid);
    assert.throws(() => apiOf(perUser, { extra: {} }), invalid);
  });

  it('cannot be moved by a field that names a part of the host', () => {
    const shop = providerWith({
      apiBaseUrl: 'https://{shop}.example.com/admin',
      keep: ['shop'],
      apiHosts: ['*.example.com'],
    });
    const at = (name: string) => apiOf(shop, { extra: { shop: name } }).base.href;
    assert.equal(at('mine'), 'https://mine.example.com/admin');
    for (const name of [
      'evil.test/',
      'evil.test#',
      'evil.test?',
      'u@evil.test\\',
      'evil.test:1/',
    ]) {
      assert.throws(() => at(name), invalid, name);
    }
  });
});

describe('the credential of a call', () => {
  const token = 'secret-token-1234';
  const tokenSet = { accessToken: token, extra: { application_key: 'second-key-5678' } };

  it('is a Bearer token where the settings say nothing', () => {
    const { headers, query } = credentialOf(providerWith({}), tokenSet);
    assert.deepEqual([headers, query], [{ authorization: `Bearer ${token}` }, []]);
  });

  it('goes into the headers and the query that the settings name, all its parts', () => {
    const at = providerWith({
      keep: ['application_key'],
      credential: {
        headers: { 'dd-api-key': '{access_token}', 'dd-application-key': '{application_key}' },
        query: { key: '{access_token}' },
      },
    });
    const credential = credentialOf(at, tokenSet);
    assert.deepEqual(credential.headers, {
      'dd-api-key': token,
      'dd-application-key': 'second-key-5678',
    });
    const url = withCredential(new URL('https://api.example/v1/me?a=1'), credential);
    assert.equal(url.search, `?a=1&key=${token}`);
    assert.deepEqual(credential.secrets, [token, 'second-key-5678']);
  });

  it('is not sent in part: a missing field, or one that no header takes, is refused', () => {
    const at = providerWith({ credential: { headers: { 'x-key': '{other}' } } });
    assert.throws(() => credentialOf(at, tokenSet), invalid);
    const split = { accessToken: 'a\r\nx-evil: 1' };
    assert.throws(() => credentialOf(providerWith({}), split), invalid);
  });

  const named = {
    apiHeaders: { 'client-id': '{client_id}', 'x-region': 'in {region}' },
    keep: ['region'],
  };
  const inRegion = { accessToken: token, extra: { region: 'eu' } };

  it('goes with whose app asks, which is no secret, and with what the settings say of every call', () => {
    const at = providerWith({
      ...named,
      credential: {
        headers: { authorization: 'OAuth {access_token}', 'x-app': '{client_id}' },
        query: { app: '{client_id}' },
      },
    });
    const credential = credentialOf(at, inRegion);
    assert.deepEqual(credential.apiHeaders, { 'client-id': 'client', 'x-region': 'in eu' });
    assert.deepEqual(credential.headers, { authorization: `OAuth ${token}`, 'x-app': 'client' });
    assert.deepEqual(credential.query, [['app', 'client']]);
    assert.deepEqual(credential.secrets, [token]);
  });

  it('names the registration that a user brought, hidden where it is his secret', () => {
    const key = v.parse(providerSchema, {
      kind: 'api-key',
      name: 'Key',
      apiBaseUrl: 'https://api.example',
      fields: [
        { name: 'client_id', label: 'Client ID' },
        { name: 'api_key', label: 'Key' },
      ],
      credential: { headers: { 'x-client': '{client_id}', 'x-key': '{api_key}' } },
    });
    const credentials = { client_id: 'a-user-s-own', api_key: 'a-user-s-key' };
    const { headers, secrets } = credentialOf(
      { ...key, id: 'key' },
      { accessToken: token, credentials },
    );
    assert.deepEqual(headers, { 'x-client': 'a-user-s-own', 'x-key': 'a-user-s-key' });
    assert.deepEqual(secrets, [token, 'a-user-s-own', 'a-user-s-key']);
  });

  it('is not sent where a header of every call lacks a field', () => {
    assert.throws(() => credentialOf(providerWith(named), { accessToken: token }), invalid);
  });

  it("cannot be set, doubled or replaced by callers, wherever the provider's settings place it", () => {
    const at = providerWith({
      credential: { headers: { 'x-api-key': '{access_token}' }, query: { key: '{access_token}' } },
      requestHeaders: ['x-api-key'],
    });
    const api = apiOf(at, {});
    for (const name of ['x-api-key', 'X-Api-Key', 'authorization']) {
      assert.throws(() => headersOf(at, { [name]: 'mine' }), { code: 'header_not_allowed' });
      assert.throws(() => assertNoCredential(at, { [name]: 'mine' }), {
        code: 'header_not_allowed',
      });
      assert.deepEqual(headersOf(at, { [name]: 'mine' }, 'dropped'), {});
    }
    for (const name of ['key', 'KEY', 'key[]', ' key', 'key\u0000x', 'ｋｅｙ', 'access_token']) {
      const query = { [name]: 'mine' };
      assert.throws(() => urlOf(api, { method: 'GET', path: '/me', query }), {
        code: 'invalid_argument',
      });
      const search = new URLSearchParams(query);
      assert.throws(() => urlWithin(api, 'GET', `/me?${search}`), { code: 'invalid_argument' });
    }
  });
});

describe('an encoded slash', () => {
  const at = apiOf(providerWith({ allowEncodedSlash: true }), {});

  it('goes through where the settings allow it, as it was written', () => {
    for (const path of [
      '/projects/group%2Fname/issues',
      '/a%2fb',
      '/projects/a%2Fb%2Fc',
      '/sites/https%3A%2F%2Fexample.com%2F/sitemaps',
    ]) {
      assert.equal(urlOf(at, { method: 'GET', path }).pathname, `/v1${path}`);
    }
  });

  for (const path of [
    '/a%2F..%2Fb',
    '/..%2Fb',
    '/a%2F.',
    '/a%2F%2E%2E',
    '/%2F..',
    '/a%2F%2Fb/..',
    '/a%2F%2F..',
    '/a%2F %2Fb',
    '/a%2F%EF%BC%8E%EF%BC%8E',
  ]) {
    it(`never becomes a step upwards: ${path}`, () => {
      assert.throws(() => urlOf(at, { method: 'GET', path }), { code: 'path_not_allowed' });
    });
  }

  it('is refused where the settings say nothing', () => {
    const closed = apiOf(providerWith({}), {});
    assert.throws(() => urlOf(closed, { method: 'GET', path: '/a%2Fb' }), {
      code: 'path_not_allowed',
    });
  });
});

describe('another host of the API', () => {
  const api = apiOf(
    providerWith({ apiHosts: ['uploads.api.example', '*.tenant.api.example'] }),
    {},
  );
  const at = (path: string) => urlAt(api, { method: 'GET', path }).href;
  const within = (address: string) => urlWithin(api, 'GET', address).href;

  it('is called by its whole URL where the settings name it', () => {
    assert.equal(at('https://uploads.api.example/files/1'), 'https://uploads.api.example/files/1');
    assert.equal(
      within('https://uploads.api.example/files?name=a'),
      'https://uploads.api.example/files?name=a',
    );
    const query = { name: 'a' };
    const call = { method: 'GET', path: 'https://uploads.api.example/files', query };
    assert.equal(urlAt(api, call).href, 'https://uploads.api.example/files?name=a');
  });

  for (const address of [
    'https://evil.example/files',
    'https://uploads.api.example.evil.example/files',
    'https://evil.example@uploads.api.example/files',
    'https://uploads.api.example@evil.example/files',
    'https://uploads.api.example:8443/files',
    'http://uploads.api.example/files',
    'https://a.tenant.api.example/files',
    'https://*.tenant.api.example/files',
    'https://uploads.api.example/../files',
    'https://uploads.api.example//files',
    'https://uploads.api.example\\files',
    'https://uploads.api.example',
    'https://127.0.0.1/files',
    'http://127.0.0.1/files',
    'https:uploads.api.example/files',
  ]) {
    it(`is not ${address}`, () => {
      assert.throws(() => at(address), { code: 'path_not_allowed' });
      assert.throws(() => within(address), { code: 'path_not_allowed' });
    });
  }

  it('takes no query beside the field query, and no fragment', () => {
    for (const end of ['?a=b', '#a']) {
      assert.throws(() => at(`https://uploads.api.example/files${end}`), {
        code: 'path_not_allowed',
      });
    }
  });

  it('takes no credential of the caller in its query either', () => {
    const query = { access_token: 'mine' };
    const call = { method: 'GET', path: 'https://uploads.api.example/files', query };
    assert.throws(() => urlAt(api, call), { code: 'invalid_argument' });
  });
});
