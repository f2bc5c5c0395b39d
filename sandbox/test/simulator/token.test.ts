import assert from 'node:assert/strict';
import { bearer, entryOf, refusalOf, start, stopAll, toldBy } from './fixture.ts';

describe("a simulated provider's token endpoint", () => {
  afterEach(stopAll);

  const wrong: Readonly<
    Record<string, readonly [Readonly<Record<string, string | null>>, RegExp]>
  > = {
    'another redirect URI': [{ redirect_uri: 'http://127.0.0.1:1/' }, /^400 invalid_grant$/],
    'another verifier': [{ code_verifier: 'x'.repeat(43) }, /^400 invalid_grant$/],
    'no verifier': [{ code_verifier: null }, /^400 invalid_grant$/],
    'the secret in the body as well': [{ client_secret: 's' }, /^401 invalid_client$/],
    'another grant': [{ grant_type: 'password' }, /^400 unsupported_grant_type$/],
  };
  for (const [what, [change, refusal]] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => {
      const { post, code } = await start(entryOf());
      assert.match(await refusalOf(post({ code: await code(), ...change })), refusal);
    });
  }

  it('refuses a wrong secret', async () => {
    const { post } = await start(entryOf());
    const headers = { authorization: `Basic ${btoa('client:secret')}` };
    assert.equal(await refusalOf(post({}, headers)), '401 invalid_client');
  });

  it('refuses Basic where the secret belongs into the body, and takes it there', async () => {
    const { post, simulator } = await start(
      entryOf({ clientAuthentication: 'client_secret_post' }),
    );
    assert.equal(await refusalOf(post()), '401 invalid_client');
    const { clientId, clientSecret } = simulator.behaviour.registration;
    const inBody = { client_id: clientId, client_secret: clientSecret };
    // Without the header that `post` sets.
    const right = new URLSearchParams({ ...inBody, grant_type: 'authorization_code' });
    const answer = fetch(`${simulator.url}/login.example.com/token`, {
      method: 'POST',
      body: right,
    });
    assert.equal(await refusalOf(answer), '400 invalid_grant');
  });

  it('takes a code once, and ends the grant at its second use', async () => {
    const { post, code, call } = await start(entryOf());
    const once = { code: await code() };
    const { access_token: accessToken } = await toldBy(post(once));
    assert.equal((await call(bearer(accessToken))).status, 200);
    assert.equal(await refusalOf(post(once)), '400 invalid_grant');
    assert.equal((await call(bearer(accessToken))).status, 401);
  });

  it('refuses a form where JSON is asked for', async () => {
    const { post } = await start(entryOf({ quirks: ['json-token-request'] }));
    assert.equal(await refusalOf(post()), '415 invalid_request');
  });

  it('refuses POST where GET is asked for', async () => {
    const { post } = await start(entryOf({ quirks: ['token-by-get'] }));
    assert.equal(await refusalOf(post()), '405 invalid_request');
  });

  it('answers with the sample: its status, its type, its members, and other tokens', async () => {
    const { post } = await start(
      entryOf(
        { answerPaths: { access_token: 'data.token' } },
        {
          token: {
            status: 201,
            contentType: 'application/vnd.api+json',
            body: { data: { token: 'invented', expires_in: 60, id: 7 } },
          },
        },
      ),
    );
    const answer = await post();
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('content-type'), 'application/vnd.api+json');
    const data = Object((await toldBy(answer))['data']);
    assert.match(data.token, /^simulated-access-/);
    assert.deepEqual({ ...data, token: '' }, { token: '', expires_in: 60, id: 7 });
  });

  it('answers with a form where the sample is one', async () => {
    const { post } = await start(
      entryOf(
        {},
        {
          token: {
            contentType: 'application/x-www-form-urlencoded',
            body: { access_token: 'invented', scope: 'a b' },
          },
        },
      ),
    );
    const told = new URLSearchParams(await (await post()).text());
    assert.equal(told.get('scope'), 'a b');
    assert.match(told.get('access_token') ?? '', /^simulated-access-/);
  });

  const ends: Readonly<Record<string, (seconds: number) => unknown>> = {
    'seconds since the epoch': (seconds) => seconds,
    'ISO 8601': (seconds) => new Date(seconds * 1_000).toISOString(),
  };
  for (const [how, written] of Object.entries(ends)) {
    it(`tells an end by its own clock, as ${how}`, async () => {
      const body = { access_token: 'invented', expires_at: written(1_700_000_000) };
      const { post, advance } = await start(
        entryOf({ life: { accessTokenSeconds: 600 } }, { token: { body } }),
      );
      advance(86_400);
      const told: unknown = (await toldBy(post()))['expires_at'];
      const end = typeof told === 'number' ? told * 1_000 : Date.parse(String(told));
      const lifeMs = end - (Date.now() + 86_400_000);
      assert.ok(lifeMs > 540_000 && lifeMs <= 600_000, `${lifeMs}`);
    });
  }
});
