import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { doc, getDoc } from 'firebase/firestore';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { callMaxBytes, requestMaxBytes } from '../../src/triggers/bodies.ts';
import { enter, sandboxProvider, type User } from '../harness/emulated.ts';

describe('the callables, from the real SDK through the emulators', function () {
  this.timeout(120_000);

  let ada: User;
  let grace: User;
  before(async () => {
    [ada, grace] = [await enter('ada'), await enter('grace')];
  });
  after(() => Promise.all([ada?.leave(), grace?.leave()]));

  it('do the main job: connect, show, call, refresh, disconnect', async () => {
    const { providers, connections } = ada.vault;
    assert.deepEqual(
      (await providers.list()).map(({ id, credentials }) => [id, credentials]),
      [
        ['sandbox', 'authorization_code'],
        ['sandbox-oauth2', 'authorization_code'],
        ['sandbox-key', 'api_key'],
      ],
    );
    const { authorizationUrl, state, callbackOrigin, expiresAt } = await connections.begin({
      provider: 'sandbox',
    });
    assert.ok(Date.parse(expiresAt) > Date.now());
    assert.equal(callbackOrigin, stack.urls.hosting);
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    const { code = '', iss = '' } = Object.fromEntries(told);
    const { created, ...connection } = await connections.complete({ state, code, iss });
    const { id: connectionId } = connection;
    assert.equal(created, true);
    assert.equal(connection.status, 'active');
    assert.equal(connection.account.subject, 'ada');
    assert.deepEqual(await connections.list(), [connection]);
    assert.deepEqual(await connections.get({ connectionId }), connection);
    const path = `strongroom/${ada.uid}/connections/${connectionId}`;
    assert.equal((await getDoc(doc(ada.db, path))).get('status'), 'active');

    const me = { connectionId, method: 'GET', path: '/me' } as const;
    const { status, data } = await connections.call(me);
    assert.equal(status, 200);
    assert.equal(Object(data).sub, 'ada');

    await sandboxProvider.resetCounters();
    await sandboxProvider.expireAccessTokens();
    assert.equal((await connections.call(me)).status, 200);
    const { tokenRequests } = await sandboxProvider.counters();
    assert.deepEqual(tokenRequests.byGrantType, { refresh_token: 1 });

    assert.deepEqual(await connections.disconnect({ connectionId }), { revoked: true });
    assert.deepEqual(await connections.list(), []);
    assert.equal((await getDoc(doc(ada.db, path))).exists(), false);
  });

  it('hand query, headers and body on to the API, and its answer back', async () => {
    const { data } = await ada.vault.connections.call({
      connectionId: await ada.connect(),
      method: 'POST',
      path: '/echo/there',
      query: { q: 'a b&c' },
      headers: { 'Accept-Language': 'de' },
      body: { hello: 'wörld' },
    });
    const { method, path, query, headers, authorization, body } = Object(data);
    assert.deepEqual(
      { method, path, query, authorization, body: JSON.parse(body) },
      {
        method: 'POST',
        path: '/api/echo/there',
        query: { q: 'a b&c' },
        authorization: { present: true, scheme: 'Bearer', accountId: 'ada' },
        body: { hello: 'wörld' },
      },
    );
    assert.equal(headers['accept-language'], 'de');
    assert.equal(headers['content-type'], 'application/json');
  });

  it('tell the client the stable code and its details', async () => {
    const { connections } = ada.vault;
    const connectionId = await ada.connect();
    const call = { connectionId, method: 'GET', path: '/me' } as const;
    const refusals: [code: string, field: string | undefined, work: () => Promise<unknown>][] = [
      ['provider_unknown', 'provider', () => connections.begin({ provider: 'nowhere' })],
      ['state_unknown', 'state', () => connections.complete({ state: 'none', code: 'none' })],
      ['token_release_off', undefined, () => connections.token({ connectionId })],
      ['path_not_allowed', 'path', () => connections.call({ ...call, path: '/../token' })],
      [
        'header_not_allowed',
        'authorization',
        () => connections.call({ ...call, headers: { authorization: 'Bearer mine' } }),
      ],
      ['connection_not_found', 'connectionId', () => grace.vault.connections.call(call)],
      ['connection_not_found', 'connectionId', () => grace.vault.connections.get({ connectionId })],
      [
        'scope_not_offered',
        'scopes',
        () => connections.begin({ provider: 'sandbox', scopes: ['admin'] }),
      ],
      [
        'return_to_not_allowed',
        'returnTo',
        () => connections.begin({ provider: 'sandbox', returnTo: 'https://evil.example.com/' }),
      ],
    ];
    for (const [code, field, work] of refusals) {
      const error: unknown = await work().then(
        () => assert.fail(`${code}: not refused`),
        (reason: unknown) => reason,
      );
      const told = { code: Object(error).code, field: Object(error).details?.field };
      assert.deepEqual(told, { code, field });
    }
  });

  it('connect what needs no browser: fields, add, call, disconnect', async () => {
    const { providers, connections } = grace.vault;
    const listed = await providers.list();
    const { fields } = listed.find(({ id }) => id === 'sandbox-key') ?? {};
    assert.deepEqual(
      fields?.map(({ name, secret }) => [name, secret]),
      [['api_key', true]],
    );
    const provider = 'sandbox-key';
    const wrong = connections.add({ provider, credentials: { api_key: 'do-not-quote-me' } });
    await assert.rejects(wrong, ({ code, message }) => {
      assert.doesNotMatch(message, /do-not-quote-me/);
      return code === 'invalid_argument';
    });
    const api_key = `sandbox-key-of-${randomUUID()}`;
    const added = await connections.add({ provider, credentials: { api_key } });
    assert.equal(added.created, true);
    const { id: connectionId } = added;
    const { status, data } = await connections.call({ connectionId, method: 'GET', path: '/me' });
    assert.equal(status, 200);
    assert.equal(Object(data).sub, added.account.subject);
    assert.deepEqual(await connections.disconnect({ connectionId }), { revoked: false });
  });

  describe('as plain requests', () => {
    const post = async (name: string, body: string | object) => {
      const response = await fetch(stack.urls.callable.replace('{name}', name), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await ada.idToken()}`,
        },
        body: typeof body === 'string' ? body : JSON.stringify({ data: body }),
      });
      const text = await response.text();
      return { status: response.status, text, answer: JSON.parse(text) };
    };
    const secret = 'do-not-quote-me';

    for (const [name, data] of Object.entries({
      'providers-list': { [secret]: 1 },
      'connections-list': { uid: secret },
      'connections-begin': { provider: 'sandbox', uid: secret },
      'connections-complete': { state: 'state', code: 'code', uid: secret },
      'connections-add': { provider: 'sandbox-key', uid: secret },
      'connections-get': { connectionId: 'A'.repeat(22), uid: secret },
      'connections-disconnect': { connectionId: 'A'.repeat(22), uid: secret },
      'connections-token': { connectionId: 'A'.repeat(22), uid: secret },
      'connections-forget': { uid: secret },
      'connections-export': { uid: secret },
      'audit-list': { uid: secret },
      'connections-call': { connectionId: 'A'.repeat(22), method: 'GET', path: '/', url: secret },
    })) {
      it(`${name} refuses a field that it does not know, and does not quote it`, async () => {
        const { status, text, answer } = await post(name, data);
        assert.equal(status, 400);
        assert.equal(answer.error.details.code, 'invalid_argument');
        assert.doesNotMatch(text, new RegExp(secret));
      });
    }

    it('refuse what is not of the expected form, by the name of the field', async () => {
      const wrong: [object, string][] = [
        [{ connectionId: 7 }, 'connectionId'],
        [{ connectionId: '../../someone' }, 'connectionId'],
        [{}, 'connectionId'],
      ];
      for (const [data, field] of wrong) {
        const { answer } = await post('connections-get', data);
        assert.deepEqual(answer.error.details, { code: 'invalid_argument', field });
      }
      const both = { state: 'state', code: 'code', error: 'error' };
      const { answer } = await post('connections-complete', both);
      assert.equal(answer.error.details.code, 'invalid_argument');
    });

    it('refuse a body beyond their limit', async () => {
      const limits: [name: string, maxBytes: number][] = [
        ['connections-begin', requestMaxBytes],
        ['connections-call', callMaxBytes],
      ];
      for (const [name, maxBytes] of limits) {
        const { status, answer } = await post(name, { provider: 'x'.repeat(maxBytes) });
        assert.equal(status, 400);
        assert.equal(answer.error.details.code, 'body_too_large');
      }
    });

    it('refuse a body that is not JSON with a stable code, and do not quote it', async () => {
      await post('connections-list', {});
      for (const body of [`{"data": ${secret}`, secret, `{"data":{}}${secret}`, '{']) {
        const { status, text, answer } = await post('connections-list', body);
        assert.equal(status, 400, text);
        assert.equal(answer.code, 'malformed_json');
        assert.doesNotMatch(text, new RegExp(secret));
      }
    });

    it('refuse whoever is not signed in', async () => {
      for (const name of ['providers-list', 'connections-list', 'connections-begin']) {
        const response = await fetch(stack.urls.callable.replace('{name}', name), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ data: {} }),
        });
        assert.equal(response.status, 401);
        assert.equal(Object(await response.json()).error.details.code, 'unauthenticated');
      }
    });
  });
});
