import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sandboxPath } from '../../../sandbox/launch/sandbox-file.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { enter, type User } from '../harness/emulated.ts';

describe('the callback page', function () {
  this.timeout(120_000);

  const marker = 'do-not-reflect';
  let ada: User;
  before(async () => {
    ada = await enter('ada');
  });
  after(() => ada?.leave());

  const open = async (parameters: string | Record<string, string>, method = 'GET') => {
    const query = new URLSearchParams(parameters);
    const url = `${stack.urls.hosting}/oauth/callback?${query}`;
    const response = await fetch(url, { method, redirect: 'manual' });
    return { status: response.status, headers: response.headers, html: await response.text() };
  };
  const assertGuarded = (headers: Headers) => {
    const csp = headers.get('content-security-policy') ?? '';
    assert.match(csp, /default-src 'none'/);
    assert.match(csp, /frame-ancestors 'none'/);
    assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval|\*/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.match(headers.get('content-type') ?? '', /^text\/html/);
    assert.equal(headers.get('set-cookie'), null);
  };
  const assertErrorPage = (page: Awaited<ReturnType<typeof open>>, status: number) => {
    assert.equal(page.status, status);
    assertGuarded(page.headers);
    assert.doesNotMatch(page.html, new RegExp(marker));
    assert.doesNotMatch(page.html, /<script/);
  };
  const answerIn = (html: string): Record<string, unknown> =>
    Object(JSON.parse(/id="answer">(.*?)<\/script>/s.exec(html)?.[1] ?? 'null'));

  it('hands the answer to the origin that the settings allow, and exchanges nothing', async () => {
    const { connections } = ada.vault;
    const { authorizationUrl, state } = await connections.begin({ provider: 'sandbox' });
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    const { status, headers, html } = await open(told.toString());
    assert.equal(status, 200);
    assertGuarded(headers);
    const { message, origin } = answerIn(html);
    assert.equal(origin, stack.urls.hosting);
    const { code = '', iss = '' } = Object.fromEntries(told);
    assert.deepEqual(message, { type: 'strongroom:authorization', state, code, iss });
    assert.equal((await connections.complete({ state, code, iss })).status, 'active');
    assertErrorPage(await open(told.toString()), 409);
  });

  it('cannot be made to run what a provider sends', async () => {
    const { state } = await ada.vault.connections.begin({ provider: 'sandbox' });
    const hostile = '</script><script>alert(1)</script><!--';
    const { html } = await open({ state, error: hostile, error_description: hostile });
    assert.equal(html.match(/<script/g)?.length, 2, 'its own two scripts and no other');
    const { message } = answerIn(html);
    assert.deepEqual(message, {
      type: 'strongroom:authorization',
      state,
      error: hostile,
      errorDescription: hostile,
    });
  });

  it('hands on nothing that connections-complete would not take', async () => {
    const { state } = await ada.vault.connections.begin({ provider: 'sandbox' });
    const answered = { state, error: 'e'.repeat(300), error_description: 'd'.repeat(3_000) };
    const { html } = await open(answered);
    const { type: _type, ...answer } = Object(answerIn(html)['message']);
    await assert.rejects(ada.vault.connections.complete({ ...answer, iss: stack.urls.provider }), {
      code: 'authorization_failed',
    });
  });

  it('says no to a state that nobody waits for, and reflects nothing', async () => {
    assertErrorPage(await open({ state: marker, code: marker, iss: marker }), 404);
    assertErrorPage(await open({ state: `<b>${marker}</b>`, error: marker }), 404);
  });

  it('says no to an answer without a state, with two, or longer than any', async () => {
    const { state } = await ada.vault.connections.begin({ provider: 'sandbox' });
    assertErrorPage(await open({ code: marker }), 400);
    assertErrorPage(await open({ state: '', code: marker }), 400);
    assertErrorPage(await open(`state=${state}&state=${marker}&code=${marker}`), 400);
    assertErrorPage(await open(`state=${state}&code=${marker}&code=${marker}`), 400);
    assertErrorPage(await open({ state, code: marker.repeat(300) }), 400);
  });

  it('takes an answer that the browser posts as a form, in which nothing stands in an address', async () => {
    const { connections } = ada.vault;
    const { authorizationUrl, state } = await connections.begin({ provider: 'sandbox' });
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    const post = async (body: URLSearchParams) => {
      const url = `${stack.urls.hosting}/oauth/callback`;
      const response = await fetch(url, { method: 'POST', body, redirect: 'manual' });
      return { status: response.status, headers: response.headers, html: await response.text() };
    };
    const { status, headers, html } = await post(told);
    assert.equal(status, 200);
    assertGuarded(headers);
    const { code = '', iss = '' } = Object.fromEntries(told);
    const { message } = answerIn(html);
    assert.deepEqual(message, { type: 'strongroom:authorization', state, code, iss });
    assertErrorPage(await post(new URLSearchParams([...told, ['code', marker]])), 400);
    assert.equal((await connections.complete({ state, code, iss })).status, 'active');
    assertErrorPage(await post(told), 409);
  });

  it('takes GET and posted forms at its own path and nothing else', async () => {
    assertErrorPage(await open({ state: marker }, 'PUT'), 405);
    assertErrorPage(await open({ state: marker }, 'POST'), 400);
    const response = await fetch(`${stack.urls.hosting}/oauth/${marker}`);
    assert.equal(response.status, 404);
    assert.doesNotMatch(await response.text(), new RegExp(marker));
  });

  it('leaves no code, token or state of a whole connection in any log line of a function', async function () {
    const log = join(dirname(sandboxPath()), 'emulators.log');
    if (!existsSync(log)) this.skip();
    const { connections } = ada.vault;
    const { authorizationUrl, state } = await connections.begin({ provider: 'sandbox' });
    const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    assert.equal((await open(told.toString())).status, 200);
    const { code = '', iss = '' } = Object.fromEntries(told);
    const { id } = await connections.complete({ state, code, iss });
    await connections.call({ connectionId: id, method: 'GET', path: '/me' });
    const { data } = await connections.call({ connectionId: id, method: 'GET', path: '/echo' });
    assert.equal(Object(data).authorization.present, true);
    await connections.disconnect({ connectionId: id });
    // The Hosting emulator has an access log of its own, with every address in full.
    const lines = readFileSync(log, 'utf8').replaceAll(/^.*\bhosting\b.*$/gm, '');
    const idToken = await ada.idToken();
    for (const secret of [code, state, idToken, new URL(authorizationUrl).search]) {
      assert.equal(lines.includes(secret), false, 'a secret stands in the log');
    }
  });
});
