import assert from 'node:assert/strict';
import { StrongroomError } from '../../src/errors.ts';
import type { SecretReader } from '../../src/platform/secret-manager.ts';
import { createSettingsReader, parseSettings } from '../../src/providers/settings.ts';
import { manualClock } from '../clock.ts';
import { startSecrets } from '../secrets.ts';

const secretId = 'strongroom-providers';
/** Stands for every value that must not be shown. */
const marker = 's3cret-marker';

const app = {
  redirectUri: 'https://app.example/oauth/callback',
  returnTo: ['https://app.example/'],
};
const oidc = {
  kind: 'oidc',
  name: 'One',
  issuer: 'https://id.example',
  clientId: 'client',
  clientSecrets: [marker],
  apiBaseUrl: 'https://api.example/v1',
};
const oauth2 = {
  kind: 'oauth2',
  name: 'Two',
  authorizationEndpoint: 'https://two.example/authorize',
  tokenEndpoint: 'https://two.example/token',
  clientId: 'client',
  clientSecrets: [marker],
  apiBaseUrl: 'https://api.two.example',
};

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (value: unknown, allowLoopbackHttp = false) =>
  parseSettings(bytes(value), allowLoopbackHttp);
const withProvider = (change: object, id = 'one') => ({
  app,
  providers: { [id]: { ...oidc, ...change } },
});
const without = (field: string) =>
  Object.fromEntries(Object.entries(oidc).filter(([name]) => name !== field));

describe("the providers' settings", () => {
  it('are taken as written, with safe defaults for what is left out', () => {
    const { providers } = parse({ app, providers: { one: oidc, two: oauth2 } });
    const { one, two } = providers;
    assert.deepEqual(one, {
      ...oidc,
      clientAuthentication: 'client_secret_basic',
      clientKeys: [],
      certificateBoundTokens: false,
      scopes: ['openid'],
      scopeSeparator: ' ',
      authorizationParameters: {},
      callerParameters: [],
      tokenParameters: {},
      refreshParameters: {},
      scopeAliases: {},
      pkce: 'S256',
      par: 'offered',
      dpop: false,
      idTokenSignature: 'required',
      ownRedirectUri: false,
      callbackParameters: [],
      endpointHosts: [],
      variables: {},
      quirks: [],
      parameterNames: {},
      tokenParameterNames: {},
      answerPaths: {},
      bearerNames: [],
      deviceAuthorization: false,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      requestHeaders: [],
      redactEchoes: 'calls',
      apiHosts: [],
      keep: [],
      credential: { headers: { authorization: 'Bearer {access_token}' }, query: {} },
      apiHeaders: {},
      replayOn: [401],
      callLimits: {},
      allowEncodedSlash: false,
      allowTokenRelease: false,
      answerHeaders: [],
      life: { rotation: 'rotates', permanentErrors: [], transientErrors: [] },
      rotate: { policy: 'always', usedWithinDays: 30, perSecond: 10, concurrency: 10 },
    });
    assert.equal(two?.kind === 'oauth2' && two.sendsIssuer, false);
  });

  const registered = { clientId: 'client', clientSecrets: [marker] };
  const least: readonly [what: string, written: object, read: object][] = [
    [
      'an OpenID provider by its issuer: its API is there as well',
      { kind: 'oidc', issuer: 'https://id.example/realm', ...registered },
      { apiBaseUrl: 'https://id.example/realm', scopes: ['openid'] },
    ],
    [
      'an OAuth 2 provider by two endpoints and its API',
      {
        kind: 'oauth2',
        authorizationEndpoint: 'https://two.example/authorize',
        tokenEndpoint: 'https://two.example/token',
        apiBaseUrl: 'https://api.two.example',
        ...registered,
      },
      { scopes: [] },
    ],
    [
      'an API that takes a key by its address',
      { kind: 'api-key', apiBaseUrl: 'https://api.example' },
      { credential: { headers: { authorization: 'Bearer {access_token}' }, query: {} } },
    ],
    [
      'an API that takes a name and a password by its address',
      { kind: 'basic', apiBaseUrl: 'https://api.example' },
      { username: '{username}', password: '{password}' },
    ],
  ];
  for (const [what, written, read] of least) {
    it(`may describe ${what}; its name is its id`, () => {
      const { one } = parse({ app, providers: { one: written } }).providers;
      assert.deepEqual({ ...one, name: 'one', ...read }, one);
    });
  }

  const wrong: readonly [what: string, document: unknown, field: string][] = [
    ['text that is not JSON', `{"${marker}"`, '(document)'],
    ['nothing', '', '(document)'],
    ['null', null, '(document)'],
    ['a list', [marker], 'app'],
    ['text', JSON.stringify(marker), '(document)'],
    ['no app', { providers: {} }, 'app'],
    ['no providers', { app }, 'providers'],
    ['a field that is not known', { app, providers: {}, [marker]: 1 }, marker],
    ['no redirectUri', { app: { returnTo: app.returnTo }, providers: {} }, 'app.redirectUri'],
    [
      'a relative redirectUri',
      { app: { ...app, redirectUri: `/${marker}` }, providers: {} },
      'app.redirectUri',
    ],
    ['no returnTo', { app: { redirectUri: app.redirectUri }, providers: {} }, 'app.returnTo'],
    ['an empty returnTo', { app: { ...app, returnTo: [] }, providers: {} }, 'app.returnTo'],
    [
      'a returnTo that is no URL',
      { app: { ...app, returnTo: [...app.returnTo, marker] }, providers: {} },
      'app.returnTo.1',
    ],
    ['a provider id in capitals', withProvider({}, 'One'), 'providers.One'],
    ['a provider id with a dot', withProvider({}, 'a.b'), 'providers.a.b'],
    ['a provider id that starts with a hyphen', withProvider({}, '-a'), 'providers.-a'],
    ['an empty provider id', withProvider({}, ''), 'providers.'],
    ['a provider of no kind', { app, providers: { one: without('kind') } }, 'providers.one.kind'],
    ['an unknown kind', withProvider({ kind: marker }), 'providers.one.kind'],
    ['a provider that is text', { app, providers: { one: marker } }, 'providers.one'],
    ['a name that is no text', withProvider({ name: 1 }), 'providers.one.name'],
    ['an empty name', withProvider({ name: '' }), 'providers.one.name'],
    ['no issuer', { app, providers: { one: without('issuer') } }, 'providers.one.issuer'],
    ['an issuer that is no URL', withProvider({ issuer: marker }), 'providers.one.issuer'],
    ['no clientId', { app, providers: { one: without('clientId') } }, 'providers.one.clientId'],
    [
      'clientSecrets as text',
      withProvider({ clientSecrets: marker }),
      'providers.one.clientSecrets',
    ],
    [
      'three clientSecrets',
      withProvider({ clientSecrets: [marker, marker, marker] }),
      'providers.one.clientSecrets',
    ],
    [
      'an empty client secret',
      withProvider({ clientSecrets: [marker, ''] }),
      'providers.one.clientSecrets.1',
    ],
    [
      'a client authentication that is not known',
      withProvider({ clientAuthentication: marker }),
      'providers.one.clientAuthentication',
    ],
    [
      'a scope with a space',
      withProvider({ scopes: ['ok', `${marker} x`] }),
      'providers.one.scopes.1',
    ],
    ['a scope with a quote', withProvider({ scopes: [`"${marker}`] }), 'providers.one.scopes.0'],
    [
      'no apiBaseUrl',
      { app, providers: { two: { ...oauth2, apiBaseUrl: undefined } } },
      'providers.two.apiBaseUrl',
    ],
    ['an unknown method', withProvider({ methods: ['GET', marker] }), 'providers.one.methods.1'],
    ['a method in small letters', withProvider({ methods: ['get'] }), 'providers.one.methods.0'],
    [
      'a header in capitals',
      withProvider({ requestHeaders: ['X-Marker'] }),
      'providers.one.requestHeaders.0',
    ],
    [
      'a header with a line break',
      withProvider({ requestHeaders: [`x\r\n${marker}`] }),
      'providers.one.requestHeaders.0',
    ],
    [
      'token release as text',
      withProvider({ allowTokenRelease: 'true' }),
      'providers.one.allowTokenRelease',
    ],
    [
      'a rotation that is not known',
      withProvider({ life: { rotation: marker } }),
      'providers.one.life.rotation',
    ],
    [
      'a grace of no time',
      withProvider({ life: { graceSeconds: 0 } }),
      'providers.one.life.graceSeconds',
    ],
    [
      'a lifetime in fractions',
      withProvider({ life: { accessTokenSeconds: 0.5 } }),
      'providers.one.life.accessTokenSeconds',
    ],
    [
      'a negative lead',
      withProvider({ life: { refreshLeadSeconds: -1 } }),
      'providers.one.life.refreshLeadSeconds',
    ],
    ['a misspelt field', withProvider({ scope: [marker] }), 'providers.one.scope'],
    [
      'a misspelt field of life',
      withProvider({ life: { rotates: true } }),
      'providers.one.life.rotates',
    ],
    [
      'an oidc provider with endpoints of oauth2',
      withProvider({ tokenEndpoint: `https://${marker}.example` }),
      'providers.one.tokenEndpoint',
    ],
    [
      'an oauth2 provider without a token endpoint',
      { app, providers: { two: { ...oauth2, tokenEndpoint: undefined } } },
      'providers.two.tokenEndpoint',
    ],
    [
      'a limit of refresh tokens that ends beyond the last date there is',
      withProvider({ life: { refreshTokenAbsoluteSeconds: 1e12 } }),
      'providers.one.life.refreshTokenAbsoluteSeconds',
    ],
  ];
  for (const [what, document, field] of wrong) {
    it(`with ${what} are refused, naming ${field} and showing no value`, () => {
      assert.throws(
        () => parse(document, true),
        (error: unknown) => {
          assert.ok(error instanceof StrongroomError);
          assert.equal(error.code, 'settings_invalid');
          assert.equal(error.details.field, field);
          assert.ok(error.message.includes(` ${field}:`), error.message);
          const said = `${error.message}${JSON.stringify(error)}`.replaceAll(field, '');
          assert.ok(!said.includes(marker), said);
          assert.equal(error.cause, undefined);
          return true;
        },
      );
    });
  }

  it('that are wrong are told what is wrong', () => {
    const reasons: [document: unknown, why: string][] = [
      [withProvider({ scope: [] }), 'providers.one.scope: there is no such field'],
      [{ providers: {} }, 'app: is missing'],
      [withProvider({ issuer: 'nowhere' }), 'providers.one.issuer: must be an absolute URL'],
      [withProvider({ clientId: '' }), 'providers.one.clientId: must not be empty'],
      [withProvider({ allowTokenRelease: 1 }), 'allowTokenRelease: must be boolean'],
    ];
    for (const [document, why] of reasons) {
      assert.throws(
        () => parse(document, true),
        (error: unknown) => error instanceof Error && error.message.includes(`${why}.`),
      );
    }
  });

  it('in bytes that are not UTF-8 are refused', () => {
    assert.throws(() => parseSettings(Uint8Array.of(0x7b, 0xff, 0x7d), true), {
      code: 'settings_invalid',
    });
  });

  const places: Readonly<Record<string, (url: string) => unknown>> = {
    'app.redirectUri': (url) => ({ app: { ...app, redirectUri: url }, providers: {} }),
    'app.returnTo.1': (url) => ({
      app: { ...app, returnTo: [...app.returnTo, url] },
      providers: {},
    }),
    'providers.one.issuer': (url) => withProvider({ issuer: url }),
    'providers.one.apiBaseUrl': (url) => withProvider({ apiBaseUrl: url }),
    ...Object.fromEntries(
      [
        'issuer',
        'authorizationEndpoint',
        'tokenEndpoint',
        'refreshEndpoint',
        'revocationEndpoint',
        'userinfoEndpoint',
        'introspectionEndpoint',
        'deviceAuthorizationEndpoint',
        'pushedAuthorizationRequestEndpoint',
        'jwksUri',
        'apiBaseUrl',
      ].map((name) => [
        `providers.two.${name}`,
        (url: string) => ({ app, providers: { two: { ...oauth2, [name]: url } } }),
      ]),
    ),
    'providers.one.lookup.endpoint': (endpoint) =>
      withProvider({ apiHosts: ['example.com'], lookup: { endpoint, keep: { cloud: 'id' } } }),
    'providers.one.longLivedToken.endpoint': (endpoint) =>
      withProvider({
        longLivedToken: { endpoint, grantType: 'exchange', tokenParameter: 'token' },
      }),
    'providers.one.longLivedToken.refresh.endpoint': (endpoint) =>
      withProvider({
        longLivedToken: {
          grantType: 'exchange',
          tokenParameter: 'token',
          refresh: { endpoint, grantType: 'refresh', tokenParameter: 'token' },
        },
      }),
    'providers.one.profile.endpoint': (endpoint) =>
      withProvider({ apiHosts: ['example.com'], profile: { endpoint, map: { sub: 'id' } } }),
  };
  const foreign = [
    'http://example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'http://10.0.0.1/',
    'http://169.254.169.254/',
    'http://[::2]/',
    'http://user@127.0.0.1/',
    'https://user:password@example.com/',
  ];
  const loopback = ['http://127.0.0.1:9020/', 'http://localhost:9020/', 'http://[::1]:9020/'];
  for (const [field, document] of Object.entries(places)) {
    const refused = (url: string, allowLoopbackHttp: boolean) =>
      assert.throws(
        () => parse(document(url), allowLoopbackHttp),
        { code: 'settings_invalid', details: { field } },
        url,
      );
    it(`take https at ${field}`, () => {
      parse(document('https://example.com/path'));
    });
    it(`refuse plain http at ${field} in production, to this machine as well`, () => {
      for (const url of [...foreign, ...loopback]) refused(url, false);
    });
    it(`take plain http at ${field} in the sandbox, to this machine only`, () => {
      for (const url of loopback) parse(document(url), true);
      for (const url of foreign) refused(url, true);
    });
  }

  const region = { label: 'Region', pattern: '[a-z]+', example: 'eu', by: 'user' };
  const templated = (endpoint: string) => ({
    app,
    providers: {
      two: {
        ...oauth2,
        tokenEndpoint: endpoint,
        refreshEndpoint: endpoint,
        apiBaseUrl: endpoint,
        apiHosts: ['*.two.example'],
        endpointHosts: ['*.two.example'],
        variables: { region },
      },
    },
  });
  for (const url of [
    'https://{region}.two.example/token',
    'https://{region}-id.two.example/{region}/token',
    'https://{region}/token',
  ]) {
    it(`take ${url}, where users say what stands in it`, () => {
      parse(templated(url));
    });
  }
  for (const url of [
    'http://{region}.two.example/token',
    'http://127.0.0.1.{region}/token',
    'https://user:{region}@two.example/token',
    'https://{region}.two.example/token#{region}',
  ]) {
    it(`refuse ${url}, whatever users say, in the sandbox as well`, () => {
      assert.throws(() => parse(templated(url), true), {
        code: 'settings_invalid',
        details: { field: 'providers.two.tokenEndpoint' },
      });
    });
  }

  it('ask users for nothing that is for the team to say', () => {
    const { by: _, ...byTeam } = region;
    assert.throws(() => parse(withProvider({ variables: { region: byTeam } })), {
      details: { field: 'providers.one.variables.region.by' },
    });
  });

  const held: Readonly<Record<string, object>> = {
    'a field of the token answer': { keep: ['region'] },
    'a parameter of the callback': { callbackParameters: ['region'] },
    'what a request after connecting finds': {
      lookup: { endpoint: 'https://id.example/regions', keep: { region: '0.id' } },
    },
    'what users say when they connect': { variables: { region } },
  };
  for (const [what, change] of Object.entries(held)) {
    it(`take ${what} in the API's address, its headers and the credential`, () => {
      const hosts = { apiHosts: ['*.api.example'], endpointHosts: ['*.api.example'] };
      const credential = { headers: { authorization: '{access_token}', region: '{region}' } };
      parse(
        withProvider({
          apiBaseUrl: 'https://{region}.api.example',
          apiHeaders: { 'x-region': 'in {region}' },
          credential,
          ...hosts,
          ...change,
        }),
      );
      assert.throws(() => parse(withProvider({ apiHeaders: { 'x-region': '{region}' } })), {
        details: { field: 'providers.one.apiHeaders' },
      });
    });
  }

  it('take our client id in headers and parameters of calls, where there is one', () => {
    const headers = { authorization: 'Bearer {access_token}', 'client-id': '{client_id}' };
    parse(withProvider({ apiHeaders: { 'client-id': '{client_id}' } }));
    parse(withProvider({ credential: { headers, query: { app: '{client_id}' } } }));
    const key = { kind: 'api-key', apiBaseUrl: 'https://api.example' };
    assert.throws(() => parse({ app, providers: { key: { ...key, credential: { headers } } } }), {
      details: { field: 'providers.key.credential.headers' },
    });
  });

  it('take no token in the headers of every call, which are no credential', () => {
    assert.throws(() => parse(withProvider({ apiHeaders: { token: '{access_token}' } })), {
      details: { field: 'providers.one.apiHeaders' },
    });
  });

  it('take deep links of apps at app.returnTo', () => {
    const returnTo = ['com.example.app:/connected', 'com.example.app://connected'];
    assert.deepEqual(parse({ app: { ...app, returnTo }, providers: {} }).app.returnTo, returnTo);
  });

  it('take a page with a fragment at app.returnTo', () => {
    const returnTo = ['https://app.example/#/connected'];
    assert.deepEqual(parse({ app: { ...app, returnTo }, providers: {} }).app.returnTo, returnTo);
  });

  for (const url of [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'myapp:/connected',
    'ws://app.example/',
  ]) {
    it(`refuse ${url} at app.returnTo: its scheme is not an app's domain name (RFC 8252)`, () => {
      assert.throws(() => parse({ app: { ...app, returnTo: [url] }, providers: {} }), {
        code: 'settings_invalid',
        details: { field: 'app.returnTo.0' },
      });
    });
  }
});

describe('the settings reader', () => {
  const good = (name = 'One') => bytes({ app, providers: { one: { ...oidc, name } } });
  const ttlMs = 5 * 60_000;
  const rereadPauseMs = 10_000;

  /** A reader over documents that the test changes, and the number of reads so far. */
  const start = (first: () => Uint8Array | Promise<Uint8Array>) => {
    const clock = manualClock();
    const state = { document: first, reads: 0 };
    const secrets: SecretReader = {
      async access() {
        state.reads += 1;
        return { version: String(state.reads), payload: await state.document() };
      },
      newestEnabled: () => assert.fail('the settings are read as latest'),
    };
    const settings = createSettingsReader({ secrets, secretId, clock, allowLoopbackHttp: false });
    return { settings, clock, state };
  };
  const unknown = { code: 'provider_unknown', details: { field: 'provider' } };

  it('reads the newest version from Secret Manager through the real client', async () => {
    const secrets = await startSecrets();
    try {
      secrets.addSecretVersion(secretId, good('Old'));
      secrets.addSecretVersion(secretId, good('New'));
      const settings = createSettingsReader({
        secrets: secrets.reader,
        secretId,
        clock: manualClock(),
        allowLoopbackHttp: false,
      });
      const names = await Promise.all(
        Array.from({ length: 100 }, async () => (await settings.provider('one')).name),
      );
      assert.deepEqual([...new Set(names)], ['New']);
      assert.deepEqual(secrets.accessCounts(), { [`${secretId}/2`]: 1 });
    } finally {
      await secrets.stop();
    }
  });

  it('believes a read for five minutes', async () => {
    const { settings, clock, state } = start(() => good('Old'));
    await settings.read();
    state.document = () => good('New');
    clock.advance(ttlMs - 1);
    assert.equal((await settings.provider('one')).name, 'Old');
    clock.advance(1);
    assert.equal((await settings.provider('one')).name, 'New');
    assert.equal(state.reads, 2);
  });

  const bad: Record<string, () => Uint8Array | Promise<Uint8Array>> = {
    'their successor is not valid': () => bytes('{"app":'),
    'Secret Manager is unavailable': () => {
      throw new StrongroomError('unavailable', 'down');
    },
  };
  for (const [what, document] of Object.entries(bad)) {
    it(`keeps the last good settings in force while ${what}, and takes up the next good ones`, async () => {
      const { settings, clock, state } = start(() => good('Old'));
      await settings.read();
      state.document = document;
      clock.advance(ttlMs);
      assert.equal((await settings.provider('one')).name, 'Old');
      assert.equal(state.reads, 2);
      state.document = () => good('New');
      clock.advance(ttlMs);
      assert.equal((await settings.provider('one')).name, 'New');
    });
    it(`has nothing to give where the first read fails because ${what}, and works once it does not`, async () => {
      const { settings, state } = start(document);
      await assert.rejects(settings.read(), StrongroomError);
      state.document = () => good();
      assert.equal((await settings.provider('one')).name, 'One');
    });
  }

  it('reads again for an unknown provider, so that a new one needs no wait', async () => {
    const { settings, clock, state } = start(() => good());
    await settings.read();
    state.document = () => bytes({ app, providers: { one: oidc, two: oauth2 } });
    clock.advance(rereadPauseMs);
    assert.equal((await settings.provider('two')).id, 'two');
    assert.equal(state.reads, 2);
  });

  it('reads at most once in ten seconds for unknown providers, however many ask', async () => {
    const { settings, clock, state } = start(() => good());
    const ask = () =>
      Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          assert.rejects(settings.provider(`none-${index}`), unknown),
        ),
      );
    await ask();
    assert.equal(state.reads, 1);
    clock.advance(rereadPauseMs - 1);
    await ask();
    assert.equal(state.reads, 1);
    clock.advance(1);
    await ask();
    assert.equal(state.reads, 2);
  });

  const document = bytes(
    `{"app":${JSON.stringify(app)},"providers":{"one":${JSON.stringify(oidc)},` +
      `"constructor":${JSON.stringify(oidc)}}}`,
  );
  for (const id of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '']) {
    it(`knows no provider named ${JSON.stringify(id)}`, async () => {
      const { settings } = start(() => document);
      await assert.rejects(settings.provider(id), unknown);
    });
  }
});
