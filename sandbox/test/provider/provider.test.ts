import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isRecord } from '../../http/body.ts';
import { authorize, Browser } from '../../provider/browser.ts';
import { CookieJar } from '../../provider/cookie-jar.ts';
import { type SandboxProvider, startProvider } from '../../provider/provider.ts';
import { RelyingParty } from './client.ts';

const invalidGrant = { name: 'ResponseBodyError', error: 'invalid_grant' };

describe('the sandbox provider', () => {
  let provider: SandboxProvider;
  let party: RelyingParty;

  beforeEach(async () => {
    provider = await startProvider({ port: 0 });
    party = new RelyingParty(provider);
  });

  afterEach(() => provider.stop());

  const statusOfMe = async (accessToken?: string) => (await party.call('/me', accessToken)).status;

  for (const kind of ['', '-post', '-public'] as const) {
    it(`connects an account and opens its API to the client strongroom-sandbox${kind}`, async () => {
      const tokens = await new RelyingParty(provider, kind).connect('grace');
      assert.equal(tokens.expires_in, 300);
      const answer = await party.call('/me', tokens.access_token);
      assert.deepEqual(await answer.json(), {
        sub: 'grace',
        name: 'Grace',
        email: 'grace@example.com',
        email_verified: true,
        preferred_username: 'grace',
        scope: 'openid profile email offline_access',
      });
    });
  }

  it('tells its own name in the redirect back (RFC 9207)', async () => {
    const authorizationUrl = await party.authorizationUrl({ verifier: 'v'.repeat(43), state: 's' });
    const answer = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
    assert.equal(answer.get('iss'), provider.url);
    assert.equal(answer.get('state'), 's');
  });

  it('answers access_denied where the user refuses', async () => {
    const authorizationUrl = await party.authorizationUrl({ verifier: 'v'.repeat(43), state: 's' });
    const answer = await authorize({ authorizationUrl, account: 'ada', decision: 'deny' });
    assert.equal(answer.get('error'), 'access_denied');
    assert.equal(answer.get('state'), 's');
    assert.equal(answer.get('code'), null);
  });

  it('answers access_denied where the user cancels instead of signing in', async () => {
    const authorizationUrl = await party.authorizationUrl({ verifier: 'v'.repeat(43) });
    const jar = new CookieJar();
    const visit = async (url: URL, init: RequestInit = {}) => {
      const headers = { cookie: jar.header(url) };
      const response = await fetch(url, { redirect: 'manual', headers, ...init });
      jar.store(url, response.headers.getSetCookie());
      return { location: new URL(response.headers.get('location') ?? url, url), response };
    };
    const { location: login } = await visit(authorizationUrl);
    const body = new URLSearchParams({ decision: 'cancel' });
    const { location: resume } = await visit(login, { method: 'POST', body });
    const { location: back } = await visit(resume);
    assert.equal(back.searchParams.get('error'), 'access_denied');
  });

  it('asks again for an account name that is empty', async () => {
    const authorizationUrl = await party.authorizationUrl({ verifier: 'v'.repeat(43) });
    const visit = authorize({ authorizationUrl, account: ' ', decision: 'allow' });
    await assert.rejects(visit, /Give an account name/);
  });

  it('shows whatever an account is called as text', async () => {
    const account = '<b>"ada\' & co</b>';
    const tokens = await party.connect(account);
    const answer: unknown = await (await party.call('/me', tokens.access_token)).json();
    assert.ok(isRecord(answer) && answer['sub'] === account);
  });

  it('remembers who is signed in, and lets another account take over', async () => {
    const browser = new Browser();
    const authorizationUrl = await party.authorizationUrl({ verifier: 'v'.repeat(43) });
    const decision = 'allow';
    await browser.authorize({ authorizationUrl, account: 'ada', decision });
    await browser.authorize({ authorizationUrl, account: 'ignored', decision });
    await browser.authorize({ authorizationUrl, account: 'grace', decision, switchAccount: true });
    await browser.authorize({ authorizationUrl, account: 'ignored', decision });
    assert.deepEqual(
      provider.grants().map(({ accountId }) => accountId),
      ['ada', 'ada', 'grace', 'grace'],
    );
    // oidc-provider's own way to sign somebody out is a page that submits itself by script.
    assert.ok(!provider.requests().some(({ url }) => url.startsWith('/session/end')));
  });

  it('lets an access token live as long as it says', async () => {
    const short = await startProvider({ port: 0, accessTokenSeconds: 1 });
    try {
      const shortParty = new RelyingParty(short);
      const { access_token: token, expires_in: seconds } = await shortParty.connect();
      assert.equal(seconds, 1);
      const deadline = Date.now() + 5_000;
      let status = 200;
      while (status === 200 && Date.now() < deadline) {
        ({ status } = await shortParty.call('/me', token));
      }
      assert.equal(status, 401);
    } finally {
      await short.stop();
    }
  });

  it('allows only the redirect URIs it was started with', async () => {
    const redirectUris = ['http://127.0.0.1:5000/oauth/callback'];
    const strict = await startProvider({ port: 0, redirectUris });
    try {
      const strictParty = new RelyingParty(strict);
      await strictParty.connect();
      const authorizationUrl = await strictParty.authorizationUrl({
        verifier: 'v'.repeat(43),
        extra: { redirect_uri: 'http://127.0.0.1:5001/oauth/callback' },
      });
      const visit = authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
      await assert.rejects(visit, /invalid_redirect_uri/);
    } finally {
      await strict.stop();
    }
  });

  it('refuses an authorization request without PKCE, or with the plain method', async () => {
    const flows = [
      {},
      { extra: { code_challenge: 'v'.repeat(43), code_challenge_method: 'plain' } },
    ];
    for (const flow of flows) {
      const authorizationUrl = await party.authorizationUrl(flow);
      const answer = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
      assert.equal(answer.get('error'), 'invalid_request');
    }
  });

  it('serves userinfo and introspection', async () => {
    const { access_token: accessToken } = await party.connect('ada');
    const userInfo = await party.userInfo(accessToken, 'ada');
    assert.equal(userInfo.email, 'ada@example.com');
    assert.equal((await party.introspect(accessToken)).active, true);
    provider.expireAccessTokens();
    assert.equal((await party.introspect(accessToken)).active, false);
  });

  it('replaces the refresh token every time', async () => {
    const first = await party.connect();
    const second = await party.refresh(first.refresh_token);
    const third = await party.refresh(second.refresh_token);
    const all = [first, second, third].map(({ refresh_token: token }) => token);
    assert.equal(new Set(all).size, 3);
    assert.equal(await statusOfMe(third.access_token), 200);
    assert.equal(provider.grants()[0]?.refreshes, 2);
  });

  it('revokes the whole grant where a spent refresh token is used again', async () => {
    const first = await party.connect();
    const second = await party.refresh(first.refresh_token);
    await assert.rejects(party.refresh(first.refresh_token), invalidGrant);
    assert.equal(await statusOfMe(second.access_token), 401);
    await assert.rejects(party.refresh(second.refresh_token), invalidGrant);
    assert.equal(provider.grants()[0]?.status, 'revoked');
  });

  it('lets one at most of many simultaneous uses of a refresh token through', async () => {
    const { refresh_token: refreshToken } = await party.connect();
    const uses = Array.from({ length: 20 }, () => party.refresh(refreshToken));
    const results = await Promise.allSettled(uses);
    assert.ok(results.filter(({ status }) => status === 'fulfilled').length <= 1);
    assert.equal(provider.grants()[0]?.status, 'revoked');
  });

  it('keeps apart the grants of two connections of one account', async () => {
    const first = await party.connect('ada');
    const second = await party.connect('ada');
    await party.revoke(first.refresh_token);
    assert.equal(await statusOfMe(first.access_token), 401);
    assert.equal(await statusOfMe(second.access_token), 200);
    assert.deepEqual(
      provider.grants().map(({ status }) => status),
      ['revoked', 'active'],
    );
  });

  it('keeps apart many authorizations at once', async () => {
    const accounts = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    const tokens = await Promise.all(accounts.map((account) => party.connect(account)));
    const subjects = await Promise.all(
      tokens.map(async ({ access_token: token }) => {
        const account: unknown = await (await party.call('/me', token)).json();
        return isRecord(account) ? account['sub'] : undefined;
      }),
    );
    assert.deepEqual(subjects, accounts);
  });

  it('answers 401 with a challenge for a missing, unknown or expired access token', async () => {
    const { access_token: accessToken } = await party.connect();
    assert.equal(await statusOfMe(accessToken), 200);
    provider.expireAccessTokens();
    for (const token of [undefined, 'made-up', accessToken]) {
      const answer = await party.call('/me', token);
      assert.equal(answer.status, 401);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      assert.equal(challenge.includes('error="invalid_token"'), token !== undefined);
    }
    assert.deepEqual(provider.counters().apiCalls, { total: 4, unauthorized: 3 });
  });

  it('stops everything at once, keep-alive connections too', async () => {
    await party.connect();
    await provider.stop();
    await assert.rejects(fetch(provider.url));
    const again = await startProvider({ port: provider.port });
    await again.stop();
  });

  it('writes nothing to the console', async () => {
    const script = new URL('./console-probe.ts', import.meta.url);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [fileURLToPath(script)]);
    assert.equal(stdout, 'done\n');
    assert.equal(stderr, '');
  });
});
