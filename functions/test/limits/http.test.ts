import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { root } from '../../../sandbox/launch/paths.ts';
import { readSettings } from '../../../sandbox/launch/settings.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { type Served, spawnServe } from '../../../sandbox/serve/spawn.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { enter, type User } from '../harness/emulated.ts';
import { parseList } from './structured-fields.ts';

const quota = 12;

describe('limits over HTTP', function () {
  this.timeout(120_000);

  let provider: SandboxProvider;
  let secrets: SecretManager;
  let served: Served;
  let ada: User;
  let id: string;

  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${served.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await ada.idToken()}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json: Record<string, unknown> = isJson && text !== '' ? Object(JSON.parse(text)) : {};
    return { status: response.status, headers: response.headers, json };
  };
  /** The parameters of the one item in a field. */
  const itemOf = (headers: Headers, name: string) => {
    const [item = assert.fail(`no ${name}`), ...others] = parseList(headers.get(name) ?? '');
    assert.deepEqual([item.value, others.length], ['per-user', 0]);
    return Object.fromEntries(item.parameters);
  };
  const leftOf = (headers: Headers) => {
    assert.deepEqual(itemOf(headers, 'ratelimit-policy'), { q: quota, w: 60 });
    return itemOf(headers, 'ratelimit')['r'];
  };

  before(async () => {
    [provider, secrets, ada] = await Promise.all([
      startProvider({ port: 0 }),
      startSecretManager({ port: 0, projectId: stack.projectId }),
      enter('ada'),
    ]);
    const settings = JSON.parse(
      readSettings(join(root, 'emulator-data/providers.json'), {
        PROVIDER_URL: provider.url,
        HOSTING_URL: 'http://127.0.0.1:5000',
        SANDBOX_CLIENT_SECRET: provider.clientSecret,
      }),
    );
    settings.providers.sandbox.callLimits = { perUserPerMinute: quota };
    secrets.addSecretVersion('strongroom-keyring', randomBytes(32));
    secrets.addSecretVersion('strongroom-providers', Buffer.from(JSON.stringify(settings)));
    served = await spawnServe(stack, {
      env: { STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secrets.port}` },
    });
    const begun = (await ask('POST', '/v1/connections', { provider: 'sandbox' })).json;
    const authorizationUrl = String(begun['authorizationUrl']);
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    const answer = { state: begun['state'], ...Object.fromEntries(told) };
    id = String((await ask('POST', '/v1/connections/complete', answer)).json['id']);
  });
  after(async () => {
    if (served !== undefined) await ask('DELETE', `/v1/connections/${id}`);
    await served?.stop();
    await Promise.all([provider?.stop(), secrets?.stop(), ada?.leave()]);
  });

  it('are in the fields of every answer, then in 429, Retry-After and the error of a callable', async () => {
    const call = () => ask('POST', `/v1/connections/${id}/call`, { method: 'GET', path: '/me' });
    const proxy = (method: string) => ask(method, `/v1/connections/${id}/proxy/me`);
    const answers = [await call(), await proxy('GET'), await proxy('HEAD')];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.deepEqual(
      answers.map(({ headers }) => leftOf(headers)),
      [quota - 1, quota - 2, quota - 3],
    );
    assert.equal((await ask('GET', '/v1/connections')).headers.get('ratelimit'), null);
    for (let n = 3; n < quota; n += 1) assert.equal((await proxy('GET')).status, 200);

    for (const refused of [await call(), await proxy('POST')]) {
      assert.equal(refused.status, 429);
      assert.equal(leftOf(refused.headers), 0);
      const retryAfterSeconds = Number(refused.headers.get('retry-after'));
      assert.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 75, `${retryAfterSeconds}`);
      assert.equal(itemOf(refused.headers, 'ratelimit')['t'], retryAfterSeconds);
      const { detail, ...problem } = refused.json;
      assert.match(String(detail), /12 requests .* in a minute\. Try again in \d+ s\.$/);
      assert.deepEqual(problem, {
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        'violated-policies': ['per-user'],
        title: 'rate_limited',
        status: 429,
        code: 'rate_limited',
        retryAfterSeconds,
        limit: { policy: 'per-user', quota, windowSeconds: 60 },
      });
    }

    const data = { connectionId: id, method: 'GET', path: '/me' };
    const { json, status } = await ask('POST', '/connections-call', { data });
    const error = Object(json['error']);
    assert.deepEqual([status, error.status], [429, 'RESOURCE_EXHAUSTED']);
    assert.equal(error.details.code, 'rate_limited');
    assert.equal(error.details.limit.policy, 'per-user');
    assert.ok(error.details.retryAfterSeconds >= 1);
  });
});
