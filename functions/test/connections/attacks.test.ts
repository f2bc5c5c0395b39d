import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import { callbackPage } from '../../src/triggers/callback-page.ts';
import { changeProvider } from '../harness/change-provider.ts';
import { refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { openVault } from '../harness/open-vault.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };

describe('an attack on an authorization', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const connections = () => world.suite.list(ada);

  describe('by mix-up (RFC 9700 §4.4): two providers, one of which is the attacker’s,', () => {
    let evil: SandboxProvider;
    before(async () => {
      evil = await startProvider({ port: 0 });
    });
    after(() => evil.stop());

    /** The settings with a second provider, which somebody evil runs. */
    const withEvil = (settings: Settings): Settings => {
      const { sandbox } = settings.providers;
      assert.ok(sandbox?.kind === 'oidc');
      const { url: issuer, clientSecret } = evil;
      const apiBaseUrl = `${issuer}/api`;
      const { signIn: _signIn, ...unseeded } = sandbox;
      const other = { ...unseeded, issuer, clientSecrets: [clientSecret], apiBaseUrl };
      return { ...settings, providers: { ...settings.providers, evil: other } };
    };

    it('ends before the honest provider’s code is sent anywhere', async () => {
      world.publish(withEvil);
      const suite = world.newSuite();
      const { state } = await suite.begin(ada, { provider: 'evil' });
      // What the evil one was told, it tells the honest one, to whom the user is sent on.
      const attack = new URL(`${world.provider.url}/auth`);
      attack.search = new URLSearchParams({
        response_type: 'code',
        client_id: 'strongroom-sandbox',
        redirect_uri: 'http://127.0.0.1:5000/oauth/callback',
        scope: 'openid',
        state,
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      }).toString();
      const told = await authorize({ authorizationUrl: attack, account: 'ada', decision: 'allow' });
      assert.ok(told.get('code'));
      assert.equal(told.get('iss'), world.provider.url);
      const response = { state, ...Object.fromEntries(told) };
      await refuses('issuer_mismatch', suite.complete(ada, response));
      assert.equal(evil.counters().tokenRequests.total, 0);
      assert.equal(world.provider.counters().tokenRequests.total, 0);
      assert.deepEqual(await connections(), []);
    });

    it('is told where no iss comes by the redirect URI of each provider’s own', async () => {
      const change = { ownRedirectUri: true, sendsIssuer: false };
      world.publish(changeProvider('sandbox-oauth2', change));
      const suite = world.newSuite();
      const { state: own } = await suite.begin(ada, { provider: 'sandbox-oauth2' });
      const { state: common } = await suite.begin(ada, { provider: 'sandbox' });
      await refuses('issuer_mismatch', suite.callbackTarget(own));
      await refuses('issuer_mismatch', suite.callbackTarget(own, 'sandbox'));
      await refuses('issuer_mismatch', suite.callbackTarget(common, 'sandbox-oauth2'));
      await refuses('issuer_mismatch', suite.callbackTarget(common, 'sandbox'));
      const home = 'http://127.0.0.1:5000/';
      assert.equal((await suite.callbackTarget(own, 'sandbox-oauth2')).target.href, home);
      assert.equal((await suite.callbackTarget(common)).target.href, home);
    });
  });

  it('by a code that was exchanged already, in another authorization of the same user: nothing comes of it', async () => {
    const first = await world.answer('ada');
    await world.suite.complete(ada, first);
    assert.ok(first.code);
    const second = { ...(await world.answer('ada')), code: first.code };
    await refuses('authorization_failed', world.suite.complete(ada, second), {
      providerError: 'invalid_grant',
    });
    assert.equal((await connections()).length, 1);
  });

  it('by a code that somebody else saw: without the sealed verifier it is worth nothing', async () => {
    const { code = '' } = await world.answer('ada');
    const secret = Buffer.from(`strongroom-sandbox:${world.provider.clientSecret}`);
    const exchange = (extra: object) =>
      fetch(`${world.provider.url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${secret.toString('base64')}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          redirect_uri: 'http://127.0.0.1:5000/oauth/callback',
          code,
          ...extra,
        }),
      }).then(({ status }) => status);
    assert.equal(await exchange({}), 400);
    assert.equal(await exchange({ code_verifier: 'v'.repeat(43) }), 400);
    assert.doesNotMatch(JSON.stringify(await world.documents()), /codeVerifier|code_verifier/);
  });

  it('by an ID token of an earlier authorization: its nonce is not this one’s, and what came is revoked', async () => {
    const { id } = await world.connect('ada');
    const { idToken } = await openVault(world, id);
    world.provider.addFault({ endpoint: 'token', patch: { id_token: idToken } });
    await refuses('provider_answer_invalid', world.connect('ada', { account: 'mallory' }));
    assert.deepEqual(liveGrantsOf(world, 'mallory'), []);
    assert.equal((await connections()).length, 1);
  });

  it('by an ID token that the same provider gave to another client: not believed, and revoked', async () => {
    world.publish(
      changeProvider('sandbox', {
        clientId: 'strongroom-sandbox-post',
        clientAuthentication: 'client_secret_post',
      }),
    );
    const other = world.newSuite();
    const { id } = await world.connect('victim', { suite: other });
    const { idToken } = await openVault(world, id);
    world.provider.addFault({ endpoint: 'token', patch: { id_token: idToken } });
    await refuses('provider_answer_invalid', world.connect('mallory'));
    assert.deepEqual(liveGrantsOf(world, 'mallory'), []);
    assert.deepEqual(await world.suite.list({ uid: 'mallory' }), []);
  });

  it('by an ID token that anybody can have made (alg none): not believed, and revoked', async () => {
    const claims = { iss: world.provider.url, aud: 'strongroom-sandbox', sub: 'victim', iat: 1 };
    const parts = [{ alg: 'none' }, { ...claims, exp: 9_999_999_999 }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    world.provider.addFault({ endpoint: 'token', patch: { id_token: `${parts.join('.')}.` } });
    await refuses('provider_answer_invalid', world.connect('ada'));
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
  });

  it('by a redirect URI that changed meanwhile: the code is asked for with the one it was sent to', async () => {
    const answer = await world.answer('ada');
    world.publish(({ app, ...rest }) => ({
      ...rest,
      app: { ...app, redirectUri: 'http://127.0.0.1:5000/elsewhere/callback' },
    }));
    assert.equal((await world.newSuite().complete(ada, answer)).status, 'active');
  });
});

describe('the page at the redirect URI, in the browser,', () => {
  const parameters = { state: 'state', code: 'code', iss: 'https://one.example' };

  /** Runs the page's script as a browser would. */
  function opened(target: string, opener: boolean) {
    const html = callbackPage(new URL(target), parameters);
    const json = /id="answer">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    const script = /<script>(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    const posted: unknown[][] = [];
    const visited: string[] = [];
    const window = {
      opener: opener ? { postMessage: (...args: unknown[]) => posted.push(args) } : null,
      close: () => {},
      location: { replace: (url: string) => visited.push(url) },
    };
    const document = { getElementById: () => ({ textContent: json }) };
    runInNewContext(script, { window, document });
    return { posted: structuredClone(posted), visited };
  }

  it('posts to the origin of the app alone: an opener of another origin hears nothing', () => {
    const { posted, visited } = opened('https://app.example/connected?x=1', true);
    assert.deepEqual(posted, [
      [{ type: 'strongroom:authorization', ...parameters }, 'https://app.example'],
    ]);
    assert.deepEqual(visited, []);
  });

  it('goes to the address that was begun with, whatever the answer holds', () => {
    const { posted, visited } = opened('https://app.example/connected', false);
    assert.deepEqual(posted, []);
    assert.equal(visited.length, 1);
    const url = new URL(visited[0] ?? '');
    assert.equal(`${url.origin}${url.pathname}`, 'https://app.example/connected');
    assert.deepEqual(Object.fromEntries(url.searchParams), parameters);
  });
});
