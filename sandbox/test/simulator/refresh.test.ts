import assert from 'node:assert/strict';
import { bearer, entryOf, redirectUri, refusalOf, start, stopAll, toldBy } from './fixture.ts';

describe("a simulated provider's refresh tokens", () => {
  afterEach(stopAll);

  it('are spent by their use where they rotate: another use ends the grant', async () => {
    const { tokens, refresh, call } = await start(entryOf({ life: { rotation: 'rotates' } }));
    const { refresh_token: first = '' } = await tokens();
    const { access_token: accessToken, refresh_token: second = '' } = await toldBy(refresh(first));
    assert.notEqual(second, first);
    assert.equal((await call(bearer(accessToken))).status, 200);
    assert.equal(await refusalOf(refresh(first)), '400 invalid_grant');
    assert.equal(await refusalOf(refresh(second)), '400 invalid_grant');
    assert.equal((await call(bearer(accessToken))).status, 401);
  });

  it('stay in use where they do not', async () => {
    const { tokens, refresh } = await start(entryOf({ life: { rotation: 'none' } }));
    const { refresh_token: token = '' } = await tokens();
    for (let use = 0; use < 3; use += 1) {
      assert.equal((await toldBy(refresh(token)))['refresh_token'], token);
    }
  });

  it('are left out of the answer where the sample leaves them out', async () => {
    const body = { access_token: 'invented', expires_in: 60 };
    const { tokens, refresh } = await start(
      entryOf({ life: { rotation: 'none' } }, { refresh: { body } }),
    );
    const { refresh_token: token = '' } = await tokens();
    assert.equal((await toldBy(refresh(token)))['refresh_token'], undefined);
    assert.equal((await refresh(token)).status, 200);
  });

  it('work again for as long as the grace is, and end the grant after it', async () => {
    const { tokens, refresh, advance } = await start(
      entryOf({ life: { rotation: 'rotates-with-grace', graceSeconds: 20 } }),
    );
    const { refresh_token: first = '' } = await tokens();
    const { refresh_token: second = '' } = await toldBy(refresh(first));
    assert.equal((await refresh(first)).status, 200);
    advance(60);
    assert.equal(await refusalOf(refresh(first)), '400 invalid_grant');
    assert.equal(await refusalOf(refresh(second)), '400 invalid_grant');
  });

  const limits: Readonly<Record<string, object>> = {
    'that long without use': { refreshTokenIdleSeconds: 100 },
    'that long after consent': { refreshTokenAbsoluteSeconds: 100 },
  };
  for (const [what, life] of Object.entries(limits)) {
    it(`die ${what}`, async () => {
      const { tokens, refresh, advance } = await start(
        entryOf({ life: { rotation: 'none', ...life } }),
      );
      const { refresh_token: token = '' } = await tokens();
      assert.equal((await refresh(token)).status, 200);
      advance(101);
      assert.equal(await refusalOf(refresh(token)), '400 invalid_grant');
    });
  }

  it('are refused as the sample shows, and by nothing else', async () => {
    const refreshError = { status: 200, body: { ok: false, error: 'token_revoked' } };
    const { refresh } = await start(entryOf({}, { refreshError }));
    assert.equal(await refusalOf(refresh('unknown')), '200 token_revoked');
  });

  it('want Basic where a refresh does, though the code is exchanged otherwise', async () => {
    const { refresh, simulator } = await start(
      entryOf({
        clientAuthentication: 'client_secret_post',
        quirks: ['basic-auth-on-refresh'],
      }),
    );
    const { clientId, clientSecret } = simulator.behaviour.registration;
    const inBody = { client_id: clientId, client_secret: clientSecret };
    assert.equal(await refusalOf(refresh('unknown', inBody)), '401 invalid_client');
    assert.equal(await refusalOf(refresh('unknown')), '400 invalid_grant');
  });

  it('want the redirect URI where the data says so, and nowhere else', async () => {
    const named = { redirect_uri: redirectUri };
    const strict = await start(entryOf({ quirks: ['redirect-uri-on-refresh'] }));
    const { refresh_token: first = '' } = await strict.tokens();
    assert.equal(await refusalOf(strict.refresh(first)), '400 invalid_request');
    assert.equal((await strict.refresh(first, named)).status, 200);
    const usual = await start(entryOf());
    const { refresh_token: other = '' } = await usual.tokens();
    assert.equal(await refusalOf(usual.refresh(other, named)), '400 invalid_request');
  });

  it('are no access tokens, and access tokens are spent only where the data says so', async () => {
    const usual = await start(entryOf());
    const tokens = await usual.tokens();
    assert.equal((await usual.call(bearer(tokens['refresh_token']))).status, 401);
    const spend = usual.refresh(tokens['access_token'] ?? '');
    assert.equal(await refusalOf(spend), '400 invalid_grant');
    const other = await start(entryOf({ quirks: ['refresh-with-access-token'] }));
    const { access_token: spent = '' } = await other.tokens();
    assert.equal((await other.refresh(spent)).status, 200);
  });
});
