import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { EntryFile } from '../../../../operate/catalogue/files.ts';
import { type Verified, verifyOnline } from '../../../../operate/catalogue/verify.ts';
import { createEgress, type Egress } from '../../../src/egress/egress.ts';

const site = 'https://music.acme.io';
const entry = (change: object, more: object = {}): EntryFile => ({
  id: 'music',
  path: '',
  isImported: true,
  value: asJson({
    name: 'Music',
    status: 'imported',
    provider: {
      kind: 'oauth2',
      authorizationEndpoint: `${site}/authorize`,
      tokenEndpoint: `${site}/token`,
      apiBaseUrl: `${site}/api`,
      ...change,
    },
    sources: [{ url: `${site}/docs`, readAt: '2026-11-22', facts: ['all'] }],
    ...more,
  }),
});
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** What a server at `site` is asked, and answers; 200 by default. */
type Answers = Readonly<Record<string, { status?: number; body?: unknown }>>;

describe('npm run catalogue -- verify --online', () => {
  let asked: { method: string; path: string; authorization: string | undefined }[];
  let answers: Answers;
  let most: number;
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    asked.push({ method, path, authorization: headers.authorization });
    const { status = 200, body = {} } = answers[`${method} ${path}`] ?? answers[path] ?? {};
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  let egress: Egress;

  before(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const outside = createEgress({ allowLoopback: true });
    let now = 0;
    // Every host of the internet is that server.
    egress = async (request) => {
      now += 1;
      most = Math.max(most, now);
      const { pathname, search } = request.url;
      const url = new URL(`http://127.0.0.1:${address.port}${pathname}${search}`);
      return outside({ ...request, url }).finally(() => {
        now -= 1;
      });
    };
  });
  after(() => server.close());
  beforeEach(() => {
    asked = [];
    most = 0;
  });

  const verify = (file: EntryFile, given: Answers = {}, concurrency = 2): Promise<Verified[]> => {
    answers = given;
    return verifyOnline([file], { egress, concurrency, timeoutMs: 10_000 });
  };
  const problems = (found: readonly Verified[]) =>
    found.flatMap(({ what, problem }) => (problem === undefined ? [] : [`${what}: ${problem}`]));

  it('asks every address once, a few at a time, and shows nobody a credential', async () => {
    const found = await verify(entry({}), {
      '/authorize': { status: 400 },
      '/api': { status: 404 },
    });
    assert.deepEqual(problems(found), []);
    assert.deepEqual(asked.map(({ path }) => path).sort(), [
      '/api',
      '/authorize',
      '/docs',
      '/token',
    ]);
    assert.ok(asked.every(({ method, authorization }) => method === 'GET' && !authorization));
    assert.ok(most <= 2, `${most} at once`);
  });

  it('says which addresses are gone', async () => {
    const found = await verify(entry({}), {
      '/authorize': { status: 410 },
      'GET /token': { status: 404 },
      'OPTIONS /token': { status: 405 },
      '/docs': { status: 404 },
    });
    assert.deepEqual(problems(found), [
      'authorizationEndpoint: answers 410',
      'sources.0.url: answers 404',
    ]);
  });

  it('says where nobody answers', async () => {
    answers = {};
    const file = entry({});
    const found = await verifyOnline([file], {
      egress: createEgress({
        allowLoopback: false,
        resolve: () => Promise.reject(new Error('no')),
      }),
      concurrency: 2,
      timeoutMs: 10_000,
    });
    assert.ok(problems(found).some((line) => /^tokenEndpoint: does not answer/.test(line)));
  });

  it('says what a discovery document says otherwise', async () => {
    const file = entry({
      kind: 'oidc',
      issuer: site,
      scopes: ['openid', 'music'],
      authorizationEndpoint: undefined,
      tokenEndpoint: undefined,
      revocationEndpoint: `${site}/revoke`,
    });
    const document = {
      issuer: site,
      scopes_supported: ['openid'],
      revocation_endpoint: `${site}/v2/revoke`,
    };
    const path = '/.well-known/openid-configuration';
    assert.deepEqual(problems(await verify(file, { [path]: { body: document } })), [
      `revocationEndpoint: is ${site}/v2/revoke by now`,
      'scopes: music not offered',
    ]);
    const other = { ...document, issuer: 'https://other.acme.io' };
    assert.match(
      problems(await verify(file, { [path]: { body: other } })).join(),
      /^issuer: is https:\/\/other\.acme\.io in its own document/,
    );
    assert.match(
      problems(await verify(file, { [path]: { status: 404, body: 'gone' } })).join(),
      /^issuer: gives no discovery document/,
    );
  });

  it('says which entries it cannot read, and asks nothing of them', async () => {
    const found = await verify(entry({}, { name: 1 }));
    assert.deepEqual(problems(found), ['(file): is not valid: npm run catalogue -- lint']);
    assert.deepEqual(asked, []);
  });

  it('asks no address that is another for each team', async () => {
    const variables = { tenant: { label: 'Tenant', pattern: '[a-z]+', example: 'acme' } };
    await verify(entry({ apiBaseUrl: 'https://{tenant}.acme.io/api' }, { variables }));
    assert.ok(asked.every(({ path }) => path !== '/api'));
  });
});
