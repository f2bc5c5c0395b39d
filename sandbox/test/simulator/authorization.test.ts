import assert from 'node:assert/strict';
import { visit } from '../../simulator/browser.ts';
import { entryOf, redirectUri, refusalOf, start, stopAll } from './fixture.ts';

describe("a simulated provider's authorization endpoint", () => {
  afterEach(stopAll);

  const wrong: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
    'a redirect URI that is not registered': { redirect_uri: `${redirectUri}/other` },
    'another client': { client_id: 'somebody' },
    'a guessable state': { state: '1' },
    'no state': { state: null },
    'no code challenge': { code_challenge: null, code_challenge_method: null },
    'a challenge that is the verifier itself': { code_challenge_method: 'plain' },
    'scopes joined by something else': { scope: 'read,write' },
    'a scope that is not offered': { scope: 'read admin' },
    'a nonce without openid': { nonce: 'n' },
    'a response mode that nobody asked for': { response_mode: 'form_post' },
  };
  for (const [what, change] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => {
      const { authorize } = await start(entryOf());
      assert.match(await refusalOf(authorize(change)), /^400 invalid_/);
    });
  }

  it('refuses PKCE where the data says that it is unknown, and takes the request without', async () => {
    const { authorize } = await start(entryOf({ pkce: 'none' }));
    assert.equal(await refusalOf(authorize()), '400 invalid_request');
    const without = { code_challenge: null, code_challenge_method: null };
    assert.equal((await authorize(without)).status, 302);
  });

  it('wants the parameters that the data names', async () => {
    const { authorize } = await start(entryOf({ authorizationParameters: { prompt: 'consent' } }));
    assert.equal(await refusalOf(authorize()), '400 invalid_request');
    assert.equal((await authorize({ prompt: 'consent' })).status, 302);
  });

  it('wants the name that the provider gave the redirect URI, and sends back to the URI', async () => {
    const { authorize } = await start(entryOf({ redirectUriAlias: 'Example-App' }));
    assert.equal(await refusalOf(authorize()), '400 invalid_request');
    const answer = await authorize({ redirect_uri: 'Example-App' });
    assert.ok(answer.headers.get('location')?.startsWith(`${redirectUri}?`));
  });

  it("refuses the standard's name of a parameter that has another here", async () => {
    const { authorize, simulator } = await start(
      entryOf({ parameterNames: { client_id: 'client_key' } }),
    );
    assert.equal(await refusalOf(authorize()), '400 invalid_request');
    const { clientId } = simulator.behaviour.registration;
    assert.equal((await authorize({ client_id: null, client_key: clientId })).status, 302);
  });

  it('posts its answer where the data says so, and tells what is kept of it', async () => {
    const { authorize } = await start(
      entryOf({ quirks: ['form-post-callback'], callbackParameters: ['realmId'] }),
    );
    const answer = await authorize({ response_mode: 'form_post' });
    assert.equal(answer.status, 200);
    const told = await visit(answer.url);
    assert.deepEqual([...told.keys()].sort(), ['code', 'realmId', 'state']);
  });

  it('calls the code what the data calls it', async () => {
    const { authorize } = await start(entryOf({ codeParameter: 'auth_code' }));
    const told = new URL((await authorize()).headers.get('location') ?? '').searchParams;
    assert.ok(told.has('auth_code') && !told.has('code'));
  });
});
