import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as logger from 'firebase-functions/logger';
import { readBody } from '../../sandbox/http/body.ts';
import { type LocalServer, listen } from '../../sandbox/http/local-server.ts';
import { root } from '../../sandbox/launch/paths.ts';
import { authorize, Browser } from '../../sandbox/provider/browser.ts';
import type { Fault } from '../../sandbox/provider/faults.ts';
import { type Served, spawnServe } from '../../sandbox/serve/spawn.ts';
import { stack } from '../../sandbox/test/stack.ts';
import { StrongroomError } from '../src/errors.ts';
import { resealSchema } from '../src/keys/reseal.ts';
import { createSecretReader, type SecretReader } from '../src/platform/secret-manager.ts';
import type { Enqueue } from '../src/platform/tasks.ts';
import type { Settings } from '../src/providers/settings-schema.ts';
import type { Suite } from '../src/suite.ts';
import { refusalOf } from '../src/triggers/refusal.ts';
import { parseRequest } from '../src/triggers/requests.ts';
import { createKeyring } from '../src/vault/keyring.ts';
import { createSealer, type Sealer } from '../src/vault/seal.ts';
import type { Firestore } from './clients.ts';
import { type Receiver, startReceiver } from './events/receiver.ts';
import { leapingClock } from './harness/clock.ts';
import { openDatabase } from './harness/database.ts';
import { capturing, exported, sealedIn } from './harness/exposed.ts';
import { logged } from './harness/logs.ts';
import { createMarks, everythingOf } from './harness/marks.ts';
import { outageFrom, troubles } from './harness/outage.ts';
import { createTaskQueue } from './harness/tasks.ts';
import { createWorld, type World } from './harness/world.ts';

const lifetimeMs = 301_000;
const json = { 'content-type': 'application/json' };
const eventarcVariable = 'CLOUD_EVENTARC_EMULATOR_HOST';

interface Exposure {
  /** Secrets that may be there, each for its reason. */
  readonly allowed?: readonly string[];
  /** What is seen there where the search has seen enough. */
  readonly shows: readonly string[];
}

const collections = ['Vault', 'Authorizations', 'Audit', 'Events', 'Providers', 'Schedule'];

/** Where somebody could look. */
const places = {
  'the documents of Firestore': {
    shows: ['strongroom/ada/', ...collections.map((name) => `strongroom${name}/`)],
  },
  'an export of Firestore': { shows: collections.map((name) => `strongroom${name}`) },
  'the log': {
    shows: ['refresh failed', 'a task has it', 'did not revoke', 'event', 'keyring', 'refused'],
  },
  'what is written to stdout and stderr': { shows: [] },
  'what a deployed process writes': {
    shows: ['"refused"', 'connections-complete', 'missing data'],
  },
  'errors and refusals': {
    shows: ['needs_reauth', 'INVALID_ARGUMENT', 'about:blank', 'Not connected'],
  },
  'answers that show connections and the audit': {
    shows: ['token_released', 'tampering', 'scopes', 'pending'],
  },
  // The client knows its authorization by it.
  'the answer of connections-begin': { allowed: ['state'], shows: ['request_uri='] },
  // What it is for.
  'the answer of connections-token': { allowed: ['access token'], shows: ['expiresAt'] },
  // The address that the browser was sent to, where the request is not pushed (RFC 9126).
  'the URLs that the provider saw': {
    allowed: ['state'],
    shows: ['/token', '/token/revocation', '/api/me', 'request_uri=', 'code_challenge='],
  },
  'the payloads of tasks': {
    shows: ['refreshBatch', 'commitRefresh', 'deliverEvents', 'revokeGrant', 'resealBatch'],
  },
  'what webhooks and Eventarc got': {
    shows: ['webhook-signature', 'CloudEvent', 'connected', 'needs_reauth', 'disconnected'],
  },
  'emulator-data': { shows: ['clientSecrets', 'passwordHash'] },
} as const satisfies Record<string, Exposure>;
type PlaceName = keyof typeof places;

describe('nothing secret is in clear', function () {
  this.timeout(600_000);

  const marks = createMarks();
  /** In every place, so that a search which finds nothing there is known to be blind. */
  const planted = marks.make('planted');
  const seen = new Map<PlaceName, Set<string>>();
  const note = (place: PlaceName, ...texts: string[]) => {
    const there = seen.get(place) ?? new Set();
    for (const text of texts) there.add(text);
    seen.set(place, there);
  };
  /** Codes of the refusals that were met. */
  const codes = new Set<string>();

  let world: World;
  let db: Firestore;
  let folder: string;
  let receiver: Receiver;
  let eventarc: LocalServer;
  let served: Served;
  let secrets: SecretReader;
  let sealer: Sealer;
  const queue = createTaskQueue();
  const resealings: object[] = [];
  const eventarcBefore = process.env[eventarcVariable];

  const enqueue: Enqueue = async (name, data, options) => {
    note('the payloads of tasks', JSON.stringify({ name, data, options }));
    if (name === 'resealBatch') resealings.push(data);
    else await queue.enqueue(name, data, options);
  };
  const newSuite = () =>
    world.newSuite({ enqueue, clock: leapingClock(world.clock), providerTimeoutMs: 2_000 });
  const expire = () => world.clock.advance(lifetimeMs);
  const deadlineAt = (ms = 20_000) => world.clock.ticks() + ms;

  /** A piece of work that may be refused; what comes of it is kept to be searched. */
  async function attempt<T>(work: Promise<T>, place?: PlaceName): Promise<T | undefined> {
    try {
      const value = await work;
      if (place !== undefined) note(place, everythingOf(value));
      return value;
    } catch (error) {
      const told = refusalOf('test', error);
      codes.add(told.code);
      note('errors and refusals', everythingOf(error), everythingOf(told));
      return undefined;
    }
  }

  /** Takes note of all secrets that are stored or under way, and of what shows itself. */
  async function look(): Promise<void> {
    const records = await exported(world.projectId, folder);
    for (const { jwe, place } of sealedIn([...records, JSON.stringify(queue.tasks)].join('\n'))) {
      if (!learnt.has(jwe)) learn(await sealer.open(jwe, place));
      learnt.add(jwe);
    }
    note('an export of Firestore', ...records);
  }
  const learnt = new Set<string>();
  const readDocuments = async () =>
    note(
      'the documents of Firestore',
      ...Object.entries(await world.documents()).map((one) => JSON.stringify(one)),
    );
  const learnKey = async () =>
    marks.add('key', (await secrets.access('strongroom-keyring', 'latest')).payload);

  const named: Readonly<Record<string, string>> = {
    accessToken: 'access token',
    refreshToken: 'refresh token',
    idToken: 'ID token',
    codeVerifier: 'PKCE verifier',
    nonce: 'nonce',
    d: 'DPoP key',
    deviceCode: 'device code',
  };
  function learn(value: unknown): void {
    for (const [field, content] of Object.entries(Object(value))) {
      const name = named[field];
      if (name !== undefined && typeof content === 'string') marks.add(name, content);
      else if (typeof content === 'object') learn(content);
    }
  }

  const answered = async (uid: string, suite: Suite, more: object = {}) => {
    const answer = await world.answer(uid, { suite, ...more });
    marks.add('state', answer.state);
    if (answer.code !== undefined) marks.add('code', answer.code);
    await look();
    return answer;
  };
  const connected = async (uid: string, suite: Suite, more: object = {}) => {
    const completing = suite.complete({ uid }, await answered(uid, suite, more));
    const connection = await attempt(completing, 'answers that show connections and the audit');
    await look();
    return connection?.id ?? '';
  };
  const call = (suite: Suite, uid: string, id: string, more: object = {}, ms?: number) =>
    suite.call({ uid }, id, { method: 'GET', path: '/me', ...more }, deadlineAt(ms));
  const called = async (...request: Parameters<typeof call>) => {
    const answer = await attempt(call(...request));
    await look();
    return answer?.status;
  };
  const runTasks = async (suite: Suite) => {
    await attempt(queue.run(suite));
    for (const data of resealings.splice(0))
      await attempt(suite.resealBatch(parseRequest(resealSchema, data)));
    await look();
  };

  /** Of characters that an error code may have as well. */
  const tokenLike = () => {
    const token = `1//0a${randomBytes(32).toString('base64url')}`;
    marks.add('refresh token', token);
    return token;
  };

  /** Of the form that the sandbox's provider of keys asks for; of no account there. */
  const sandboxKey = () => {
    const key = `sandbox-key-of-${randomBytes(24).toString('hex')}!`;
    marks.add('API key', key);
    return key;
  };

  /** What a provider that knows no discretion sends back. */
  const chatter = () => ({
    error: tokenLike(),
    error_description: marks.make('refresh token'),
    access_token_hint: marks.make('access token'),
  });
  const refusalsOfTokens = (): Readonly<Record<string, Omit<Fault, 'endpoint'>>> => ({
    'a 500 with it all': { status: 500, body: chatter(), headers: json },
    'a 429': { status: 429, body: chatter(), headers: { ...json, 'retry-after': '1' } },
    'no connection': { drop: 'before' },
    'a lost answer': { drop: 'after' },
    'half an answer': { drop: 'within' },
    'a page': { status: 200, body: `<html>${marks.make('access token')}</html>` },
    'no token': { patch: { access_token: null, extra: marks.make('access token') } },
    'an unknown error': { status: 400, body: chatter(), headers: json },
    'a marked type': { patch: { token_type: marks.make('access token') } },
    'too large an answer': { status: 200, body: marks.make('access token').repeat(10_000) },
    'no answer in time': { delayMs: 4_000 },
    'a dead grant': { status: 400, body: { ...chatter(), error: 'invalid_grant' }, headers: json },
  });

  const settingsWith = (settings: Settings): Settings => {
    const secrets = [randomBytes(32), randomBytes(32)];
    for (const secret of secrets) marks.add('webhook secret', secret);
    const { sandbox } = settings.providers;
    assert.ok(sandbox?.kind === 'oidc');
    const { signIn: _signIn, ...unseeded } = sandbox;
    const bound = { ...unseeded, dpop: true };
    return {
      ...settings,
      providers: Object.fromEntries(
        Object.entries({ ...settings.providers, bound }).map(([name, provider]) => [
          name,
          {
            ...provider,
            allowTokenRelease: true,
            ...('clientSecrets' in provider && {
              clientSecrets: [marks.make('client secret'), ...provider.clientSecrets],
            }),
          },
        ]),
      ),
      audit: { records: 'everything', keepDays: 400 },
      events: {
        types: ['connected', 'refreshed', 'needs_reauth', 'disconnected', 'recovered'],
        webhook: {
          url: receiver.url,
          secrets: secrets.map((secret) => `whsec_${secret.toString('base64')}`),
        },
        eventarc: { channel: 'locations/us-central1/channels/strongroom' },
      },
    };
  };

  /** Everything that the suite can do, in this process. */
  async function live(): Promise<void> {
    const ada = { uid: 'ada' };
    const suite = newSuite();
    const shown = 'answers that show connections and the audit';
    note('the answer of connections-begin', planted);

    // Connecting, and all that can go wrong at it.
    const begun = await attempt(
      suite.begin(ada, { provider: 'sandbox', loginHint: 'ada' }),
      'the answer of connections-begin',
    );
    marks.add('state', begun?.state ?? '');
    const one = await connected('ada', suite);
    const two = await connected('ada', suite, { account: 'ada.at.work' });
    const bound = await connected('ada', suite, { provider: 'bound' });
    assert.equal(await called(suite, 'ada', bound), 200);
    const patches = [
      { id_token: marks.make('ID token') },
      { access_token: marks.make('access token'), token_type: marks.make('access token') },
      { access_token: { nested: marks.make('access token') } },
    ];
    for (const patch of patches) {
      const answer = await answered('ada', suite);
      world.provider.addFault({ endpoint: 'token', patch });
      await attempt(suite.complete(ada, answer));
    }
    for (const [what, fault] of Object.entries(refusalsOfTokens())) {
      if (what === 'no answer in time') continue;
      const answer = await answered('ada', suite);
      world.provider.addFault({ endpoint: 'token', ...fault });
      await attempt(suite.complete(ada, answer));
      world.provider.clearFaults();
    }
    const spoilt = [
      { code: marks.make('code') },
      { iss: marks.make('code') },
      { error: `e0x${randomBytes(20).toString('hex')}`, code: undefined },
      { state: marks.make('state') },
    ];
    marks.add('code', spoilt[2]?.error ?? '');
    for (const change of spoilt) {
      await attempt(suite.complete(ada, { ...(await answered('ada', suite)), ...change }));
    }
    await attempt(suite.complete({ uid: 'mallory' }, await answered('ada', suite)));
    // The stated secret of the client is the second one.
    assert.equal(await called(suite, 'ada', one), 200);

    // A connection whose every token is marked, at an API that sends back what it is sent.
    const marked = await answered('grace', suite);
    const given = {
      access_token: marks.make('access token'),
      refresh_token: marks.make('refresh token'),
      internal_secret: marks.make('access token'),
      scope: 'openid',
    };
    world.provider.addFault({ endpoint: 'token', patch: given });
    const three = (await attempt(suite.complete({ uid: 'grace' }, marked), shown))?.id ?? '';
    await look();
    const echo = { echo: given, authorization: `Bearer ${given.access_token}` };
    for (const status of [200, 400, 500]) {
      world.provider.addFault({
        endpoint: 'api',
        status,
        body: echo,
        headers: { ...json, 'x-echo': encodeURIComponent(given.access_token) },
      });
      assert.equal(await called(suite, 'grace', three), status);
    }
    assert.equal(await called(suite, 'grace', three), undefined);

    // Other ways to connect, and what comes of a connection.
    const device = await suite.beginDevice(ada, { provider: 'sandbox' });
    marks.add('state', device.state);
    await look();
    const poll = () => attempt(suite.pollDevice(ada, { state: device.state }), shown);
    assert.equal((await poll())?.status, 'pending');
    await new Browser().decideDevice({ ...device, account: 'ada.at.home', decision: 'allow' });
    world.clock.advance(device.intervalSeconds * 1_000);
    assert.equal((await poll())?.status, 'connected');
    await look();
    const keyed = { provider: 'sandbox-key', credentials: { api_key: sandboxKey() } };
    await attempt(suite.add(ada, keyed), shown);
    const holder = { sub: 'ada', name: 'Ada', told: marks.make('access token') };
    world.provider.addFault({ endpoint: 'api', status: 200, body: holder, headers: json });
    const four = (await suite.add(ada, keyed)).id;
    await look();
    // The API does not know it any more.
    await called(suite, 'ada', four);
    for (const keep of [false, true]) {
      const request = { connectionId: one, audience: ['orders'], scopes: ['openid'], keep };
      await attempt(
        suite.exchange(ada, request, deadlineAt()),
        keep ? shown : 'the answer of connections-token',
      );
      await look();
    }
    await attempt(suite.profile(ada, { connectionId: one, raw: true }, deadlineAt()), shown);

    // Calls, and what callers may send.
    for (const fault of [{ drop: 'before' }, { drop: 'after' }, { drop: 'within' }] as const) {
      world.provider.addFault({ endpoint: 'api', ...fault, times: 2 });
      await called(suite, 'ada', one);
      world.provider.clearFaults();
    }
    world.provider.addFault({ endpoint: 'api', delayMs: 1_500 });
    await called(suite, 'ada', one, {}, 500);
    world.provider.clearFaults();
    const requests = [
      { path: '/bytes/11000000' },
      { path: `//${marks.make('header')}` },
      { method: marks.make('header') },
      { headers: { authorization: marks.make('header') } },
      { headers: { [marks.make('header')]: 'x' } },
      { headers: { accept: `${marks.make('header')}\n` } },
      { path: '/echo', method: 'POST', body: marks.make('body') },
    ];
    for (const request of requests) await called(suite, 'ada', one, request);
    world.provider.expireAccessTokens();
    assert.equal(await called(suite, 'ada', one), 200);
    await attempt(suite.token(ada, one, deadlineAt()), 'the answer of connections-token');
    await attempt(suite.token({ uid: 'mallory' }, one, deadlineAt()));

    // Refreshing, and all that can go wrong at it; then the connection is healed.
    for (const fault of Object.values(refusalsOfTokens())) {
      const id = await connected('linus', suite);
      expire();
      world.provider.addFault({ endpoint: 'token', ...fault });
      await called(newSuite(), 'linus', id, {}, 1_000);
      world.provider.clearFaults();
      await connected('linus', suite, { connectionId: id });
    }
    world.clock.advance(3_600_000);
    await suite.rotate();
    await runTasks(suite);
    const outage = outageFrom(world.meter, one, 'refresh', troubles['permission denied']);
    expire();
    assert.equal(await called(newSuite(), 'ada', one), 200);
    outage.end();
    assert.ok(queue.tasks.some((task) => task.queue === 'commitRefresh'));
    await runTasks(suite);
    await readDocuments();

    // Keys.
    world.clock.advance(91 * 86_400_000);
    const keeper = newSuite();
    await attempt(keeper.rotateKeys());
    assert.equal(resealings.length, 1);
    await learnKey();
    await runTasks(keeper);
    assert.equal((await world.vault(one)).keyVersion, '2');

    // Somebody tampers.
    await readDocuments();
    await db.doc(`strongroomVault/${two}`).update({ sealed: (await world.vault(one)).sealed });
    assert.equal(await called(newSuite(), 'ada', two), undefined);

    // The end: a provider that is down, and one that is not.
    const [first] = await keeper.list({ uid: 'linus' });
    world.provider.addFault({ endpoint: 'revocation', status: 503, body: chatter(), times: 8 });
    await attempt(keeper.disconnect({ uid: 'linus' }, first?.id ?? ''), shown);
    await look();
    assert.ok(queue.tasks.some((task) => task.queue === 'revokeGrant'));
    await runTasks(keeper);
    world.provider.clearFaults();
    for (const uid of ['ada', 'linus', 'grace']) {
      await attempt(keeper.list({ uid }), shown);
      await attempt(keeper.listAudit({ uid }, { limit: 200 }), shown);
      await attempt(keeper.disconnect({ uid }, one), shown);
    }
    // A provider that refuses the client: nobody else can refresh from here on.
    const id = await connected('linus', keeper, { provider: 'sandbox-oauth2' });
    expire();
    const refused = { ...chatter(), error: 'invalid_client' };
    world.provider.addFault({
      endpoint: 'token',
      status: 401,
      body: refused,
      headers: json,
      times: 2,
    });
    await called(newSuite(), 'linus', id);
    await keeper.handOverEvents();
    await runTasks(keeper);
    await runTasks(keeper);
    await readDocuments();
    for (const uid of ['ada', 'linus', 'grace']) await attempt(keeper.forget(uid), shown);
    await keeper.handOverEvents();
    await runTasks(keeper);
    await readDocuments();
  }

  /** As deployed: over HTTP, with the real clock. */
  async function serve(): Promise<void> {
    const { projectId } = world;
    const session = await sessionOf(projectId, 'hedy');
    marks.add('Firebase ID token', session);
    const bearer = { authorization: `Bearer ${session}` };
    const shownIn = new Map<string, PlaceName | undefined>([
      ['connections-begin', 'the answer of connections-begin'],
      ['connections-token', 'the answer of connections-token'],
      // The API's own, and its caller's.
      ['connections-call', undefined],
    ]);
    const ask = async (path: string, init: RequestInit, place: PlaceName | undefined) => {
      const response = await fetch(`${served.url}${path}`, init);
      const text = await response.text();
      const head = JSON.stringify([...response.headers]);
      if (!response.ok) note('errors and refusals', text, head);
      else if (place !== undefined) note(place, text, head);
      return response.ok ? Object(text === '' ? {} : JSON.parse(text)) : {};
    };
    const post = (body: unknown, headers: Record<string, string> = bearer) => ({
      method: 'POST',
      headers: { ...json, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const shown = 'answers that show connections and the audit';
    const callable = async (name: string, data: unknown) => {
      const place = shownIn.has(name) ? shownIn.get(name) : shown;
      return Object((await ask(`/${name}`, post({ data }), place)).result);
    };

    await callable('providers-list', {});
    const { authorizationUrl, state } = await callable('connections-begin', {
      provider: 'sandbox',
    });
    marks.add('state', state);
    await look();
    const told = await authorize({ authorizationUrl, account: 'hedy', decision: 'allow' });
    const { code = '', iss = '' } = Object.fromEntries(told);
    marks.add('code', code);
    // The callback page hands both on; it is shown to the browser that brought them.
    const page = await fetch(`${served.url}/oauth/callback?${told}`);
    assert.equal(page.status, 200);
    await page.arrayBuffer();
    const { id: connectionId } = await callable('connections-complete', { state, code, iss });
    assert.ok(connectionId);
    await look();
    await readDocuments();
    await callable('connections-list', {});
    await callable('connections-get', { connectionId });
    await callable('connections-call', { connectionId, method: 'GET', path: '/me' });
    await callable('connections-token', { connectionId });
    await ask(`/v1/connections/${connectionId}/proxy/me`, { headers: bearer }, undefined);
    await ask('/v1/audit', { headers: bearer }, shown);

    // Whatever else is sent comes back in no answer and in no log.
    const bad = () => marks.make('bad input');
    const fields = ['provider', 'connectionId', 'state', 'code', 'iss', 'error', 'method', 'path'];
    const good = { connectionId, provider: 'sandbox', state, code, method: 'GET', path: '/me' };
    for (const name of ['begin', 'complete', 'call', 'token', 'disconnect', 'get']) {
      await callable(`connections-${name}`, bad());
      await callable(`connections-${name}`, { [bad()]: bad() });
      for (const field of fields)
        await callable(`connections-${name}`, { ...good, [field]: bad() });
    }
    await ask('/connections-complete', post(`{"data": {"code": "${bad()}`), undefined);
    await ask('/v1/connections/complete', post(`{"code": "${bad()}`), undefined);
    await ask('/connections-list', post({ marked: bad() }), undefined);
    const url = encodeURIComponent(bad());
    await ask(`/v1/${url}`, { headers: bearer }, undefined);
    await ask(`/v1/connections/${url}`, { headers: bearer }, undefined);
    await ask(`/v1/audit?after=${url}&limit=${url}`, { headers: bearer }, undefined);
    await ask(`/v1/connections/${connectionId}/proxy/..%2f${url}`, { headers: bearer }, undefined);
    await ask(`/oauth/callback?state=${url}&code=${url}`, {}, undefined);
    await ask(`/oauth/callback?state=${url}&state=${url}`, {}, undefined);
    const stranger = { authorization: `Bearer ${randomBytes(40).toString('base64url')}` };
    marks.add('Firebase ID token', stranger.authorization.slice(7));
    const broken = { authorization: `Bearer ${session.slice(0, -4)}` };
    for (const headers of [stranger, broken]) {
      await ask('/connections-list', post({ data: {} }, headers), undefined);
      await ask('/v1/connections', { headers }, undefined);
      const cookie = `__session=${headers.authorization.slice(7)}`;
      await ask('/v1/connections', { headers: { cookie } }, undefined);
    }
    await look();
    await readDocuments();
    await callable('connections-disconnect', { connectionId });
  }

  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    const { projectId, clock } = world;
    const secretManagerHost = `127.0.0.1:${world.secretManager.port}`;
    secrets = createSecretReader({ mode: 'sandbox', projectId, secretManagerHost });
    sealer = createSealer(createKeyring({ secrets, secretId: 'strongroom-keyring', clock }));
    await learnKey();
    folder = await mkdtemp(join(tmpdir(), 'export-'));
    receiver = await startReceiver();
    eventarc = await listen(
      createServer((request, response) => {
        void readBody(request).then((body) => {
          note('what webhooks and Eventarc got', `${request.url} ${body.toString('utf8')}`);
          response.writeHead(200, json).end('{}');
        });
      }),
      0,
    );
    process.env[eventarcVariable] = eventarc.url;
    marks.add('client secret', world.provider.clientSecret);

    // One is planted wherever is searched, each time in another form.
    await db.doc('planted/one').set({ text: Buffer.from(`x${planted}`).toString('base64') });
    await enqueue('revokeGrant', { planted: encodeURIComponent(planted) });
    queue.tasks.length = 0;
    await fetch(`${world.provider.url}/api/echo?planted=${encodeURIComponent(planted)}`);
    const body = JSON.stringify({ type: 'planted', data: { planted } });
    await fetch(receiver.url, { method: 'POST', body });
    await attempt(Promise.reject(new StrongroomError('internal', planted)));
    for (const place of ['answers that show connections and the audit'] as const) {
      note(place, planted);
    }
    note('the answer of connections-token', Buffer.from(planted).toString('base64url'));

    const output = await capturing(async () => {
      logger.info('planted', { planted });
      process.stderr.write(`${Buffer.from(planted).toString('hex')}\n`);
      world.publish(({ events: _, ...settings }) => {
        const { events: __, ...others } = settingsWith(settings);
        return others;
      });
      served = await spawnServe(
        {
          ...stack,
          projectId: world.projectId,
          ports: {
            ...stack.ports,
            meter: world.meter.port,
            secretManager: world.secretManager.port,
          },
        },
        {
          env: { PLANTED: planted },
          nodeArgs: ['--import', 'data:text/javascript,console.log(process.env.PLANTED)'],
        },
      );
      await serve();
      await served.stop();
      world.publish(settingsWith);
      await live();
    });
    note('what is written to stdout and stderr', output);
    note('what a deployed process writes', served.output());
    note('the log', ...logged());
    note(
      'what webhooks and Eventarc got',
      ...receiver.deliveries.map(({ text, headers }) => JSON.stringify({ text, headers })),
    );
    const urls = world.provider.requests().map(({ url }) => url);
    note('the URLs that the provider saw', ...urls);
    for (const file of await readdir(join(root, 'emulator-data'), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (file.isFile()) {
        note('emulator-data', await readFile(join(file.parentPath, file.name), 'latin1'));
      }
    }
    note('emulator-data', planted);
  });
  after(async () => {
    if (eventarcBefore === undefined) delete process.env[eventarcVariable];
    else process.env[eventarcVariable] = eventarcBefore;
    await served?.stop();
    await Promise.all([receiver?.stop(), eventarc?.stop(), db?.terminate(), world?.stop()]);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('in a life in which there is all that can be secret, and all that can go wrong', () => {
    assert.deepEqual([...marks.names].sort(), [
      ...['API key', 'DPoP key', 'Firebase ID token', 'ID token', 'PKCE verifier', 'access token'],
      ...[
        'bad input',
        'body',
        'client secret',
        'code',
        'device code',
        'header',
        'key',
        'nonce',
        'planted',
      ],
      ...['refresh token', 'state', 'webhook secret'],
    ]);
    const met = ['needs_reauth', 'unavailable', 'provider_answer_invalid', 'sealed_value_rejected'];
    const others = ['provider_misconfigured', 'answer_too_large', 'state_of_another_user'];
    for (const code of [...met, ...others]) assert.ok(codes.has(code), `${code} was not met`);
  });

  for (const [place, { allowed = [], shows }] of Object.entries<Exposure>(places)) {
    const but = allowed.length === 0 ? '' : `, but for what it is there for: ${allowed.join(', ')}`;
    it(`in ${place}${but}`, () => {
      const name = Object.keys(places).find((known): known is PlaceName => known === place);
      assert.ok(name);
      const text = [...(seen.get(name) ?? [])].join('\n');
      for (const shown of shows) assert.ok(text.includes(shown), `${shown} was not seen here`);
      const found = marks.find(text, allowed);
      assert.ok(
        found.some((leak) => leak.name === 'planted'),
        'the search is blind here',
      );
      assert.deepEqual(
        found.filter((leak) => leak.name !== 'planted'),
        [],
      );
    });
  }
});

/** A session of a user of that project, as the Auth emulator takes it: unsigned. */
async function sessionOf(projectId: string, uid: string): Promise<string> {
  const accounts = `identitytoolkit.googleapis.com/v1/projects/${projectId}/accounts`;
  const answer = await fetch(`http://127.0.0.1:${stack.ports.auth}/${accounts}`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ localId: uid, email: `${uid}@example.com` }),
  });
  assert.equal(answer.status, 200, await answer.text());
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    ...{ iss: `https://securetoken.google.com/${projectId}`, aud: projectId },
    ...{ sub: uid, user_id: uid, iat: now, auth_time: now, exp: now + 3_600 },
    ...{ jti: randomBytes(24).toString('base64url') },
  };
  const parts = [{ alg: 'none', typ: 'JWT' }, claims];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}
