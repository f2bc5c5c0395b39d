import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { Browser } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { enter, type User } from '../harness/emulated.ts';

describe('other ways to connect and to be told, through the emulators', function () {
  this.timeout(120_000);

  let ada: User;
  let grace: User;
  before(async () => {
    [ada, grace] = [await enter('ada'), await enter('grace')];
    // The emulators may be as new as this process, and too slow at first.
    await until('the vault', () =>
      ada.vault.connections.list().then(
        () => true,
        () => false,
      ),
    );
  });
  after(() => Promise.all([ada?.leave(), grace?.leave()]));

  const decide = (visit: { userCode: string; verificationUri: string }) =>
    new Browser().decideDevice({ ...visit, account: 'ada', decision: 'allow' });
  /** @returns the status, and the body of the answer. */
  const ask = async (method: string, path: string, body?: object) => {
    const authorization = `Bearer ${await ada.idToken()}`;
    const answer = await fetch(`${stack.urls.api}${path}`, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: Object(await answer.json()) };
  };

  it('connect a device by its code, tell whose account it is, and exchange its token', async () => {
    const { connections } = ada.vault;
    const begun = await connections.beginDevice({ provider: 'sandbox' });
    const { state } = begun;
    await assert.rejects(grace.vault.connections.pollDevice({ state }), {
      code: 'state_of_another_user',
    });
    await decide(begun);
    const polled = await connections.pollDevice({ state });
    assert.equal(polled.status, 'connected');
    const { id: connectionId } = polled.connection;
    const { profile, source } = await connections.profile({ connectionId });
    assert.deepEqual([profile['sub'], source], ['ada', 'id_token']);
    const wanted = { connectionId, scopes: ['openid'] };
    await assert.rejects(connections.exchange(wanted), { code: 'token_release_off' });
    const exchanged = await connections.exchange({ ...wanted, audience: 'orders', keep: true });
    assert.ok('connection' in exchanged);
    const me = { connectionId: exchanged.connection.id, method: 'GET', path: '/me' } as const;
    const { targets, scope } = Object((await connections.call(me)).data);
    assert.deepEqual([targets, scope], [['orders'], 'openid']);
  });

  it('do the same by REST', async () => {
    const begun = await ask('POST', '/connections/device', { provider: 'sandbox' });
    assert.equal(begun.status, 200, JSON.stringify(begun.json));
    const { state } = begun.json;
    await decide(begun.json);
    const polled = await ask('POST', '/connections/device/poll', { state });
    assert.equal(polled.json.status, 'connected');
    const path = `/connections/${polled.json.connection.id}`;
    assert.equal((await ask('GET', `${path}/profile?raw=true`)).json.source, 'userinfo');
    const kept = await ask('POST', `${path}/exchange`, { audience: ['orders'], keep: true });
    assert.equal(kept.json.connection.provider, 'sandbox');
  });

  it('refuse what is not of the expected form', async () => {
    const id = await ada.connect();
    const refusals: readonly [string, string, object | undefined][] = [
      ['POST', '/connections/device', { provider: 'sandbox', returnTo: 'https://x.example/' }],
      ['POST', '/connections/device/poll', { state: 'x', device_code: 'y' }],
      ['POST', '/connections/device/poll', {}],
      ['GET', `/connections/${id}/profile?raw=yes`, undefined],
      ['GET', `/connections/${id}/profile?uid=grace`, undefined],
      ['POST', `/connections/${id}/exchange`, { audience: [] }],
      ['POST', `/connections/${id}/exchange`, { scopes: 'openid' }],
      ['POST', `/connections/${id}/exchange`, { actor: { token: 'x', type: 'jwt' } }],
      ['POST', `/connections/${id}/exchange`, {}],
    ];
    for (const [method, path, body] of refusals) {
      const { status, json } = await ask(method, path, body);
      assert.deepEqual([status, json.code], [400, 'invalid_argument'], path);
    }
  });
});
