import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { until } from '../../../sandbox/demo/until.ts';
import { type Served, spawnServe } from '../../../sandbox/serve/spawn.ts';
import { stack } from '../../../sandbox/test/stack.ts';

/** How firebase-tools itself reads an expression of the manifest at a deployment. */
const { resolveExpression } = createRequire(import.meta.url)(
  '../../../node_modules/firebase-tools/lib/deploy/functions/cel.js',
);
const { ParamValue } = createRequire(import.meta.url)(
  '../../../node_modules/firebase-tools/lib/deploy/functions/params.js',
);

describe('seeding from sign-ins, as it is deployed', function () {
  this.timeout(60_000);

  it('changes nothing of a project that does not ask for it', async () => {
    const file = new URL('../triggers/manifest.snapshot.json', import.meta.url);
    const { endpoints, params } = JSON.parse(await readFile(file, 'utf8'));
    const parameter = params.find(
      ({ name }: { name: string }) => name === 'STRONGROOM_SEED_SIGN_INS',
    );
    assert.equal(parameter.default, 'off');
    const isOmitted = (name: string, value: string): unknown =>
      resolveExpression('boolean', endpoints[name].omit, {
        STRONGROOM_SEED_SIGN_INS: new ParamValue(value, false, { string: true }),
      });
    const omitted = ['off', 'helper', 'trigger'].map((value) => [
      isOmitted('seedFromSignIn', value),
      isOmitted('keepSignIn', value),
    ]);
    // The app's own blocking function keeps its place, and has the queue.
    assert.deepEqual(omitted, [
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  it('asks Firebase for all three tokens: one flag less would take them from other functions too', async () => {
    const file = new URL('../triggers/manifest.snapshot.json', import.meta.url);
    const { endpoints } = JSON.parse(await readFile(file, 'utf8'));
    const { eventType, options } = endpoints.seedFromSignIn.blockingTrigger;
    assert.equal(eventType, 'providers/cloud.auth/eventTypes/user.beforeSignIn');
    assert.deepEqual(options, { accessToken: true, idToken: true, refreshToken: true });
  });

  describe('by the Auth emulator', () => {
    let served: Served;
    const config = async (blockingFunctions: object) => {
      const path = `/identitytoolkit.googleapis.com/v2/projects/${stack.projectId}/config`;
      const answer = await fetch(`${stack.urls.auth}${path}?updateMask=blockingFunctions`, {
        method: 'PATCH',
        headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
        body: JSON.stringify({ blockingFunctions }),
      });
      assert.equal(answer.status, 200, await answer.text());
    };

    const secretId = 'strongroom-providers-of-sign-ins';
    const environment = {
      // As the functions emulator does: the Auth emulator signs nothing.
      FIREBASE_DEBUG_MODE: 'true',
      FIREBASE_DEBUG_FEATURES: '{"skipTokenVerification":true}',
      STRONGROOM_PROVIDERS_SECRET: secretId,
    };
    const beforeSignIn = ({ url }: Served) => ({
      triggers: { beforeSignIn: { functionUri: `${url}/seedFromSignIn` } },
      forwardInboundCredentials: { accessToken: true, idToken: true, refreshToken: true },
    });
    const secrets = async (method: string, path: string, body?: object) => {
      const base = `http://127.0.0.1:${stack.ports.secretManager}/v1/projects/${stack.projectId}`;
      const answer = await fetch(`${base}/secrets${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return JSON.parse(text);
    };
    /** The sandbox's settings, whose provider takes the sign-ins of `oidc.sandbox` as well. */
    const publishSettings = async () => {
      const { payload } = await secrets('GET', '/strongroom-providers/versions/latest:access');
      const settings = JSON.parse(Buffer.from(payload.data, 'base64').toString());
      settings.providers.sandbox.signIn = { providerId: 'oidc.sandbox', scopes: ['openid'] };
      const data = Buffer.from(JSON.stringify(settings)).toString('base64');
      await secrets('POST', `?secretId=${secretId}`, { replication: { automatic: {} } });
      await secrets('POST', `/${secretId}:addVersion`, { payload: { data } });
    };

    before(async () => {
      await publishSettings();
      served = await spawnServe(stack, { env: environment });
      await config(beforeSignIn(served));
    });
    after(async () => {
      await config({ triggers: {} });
      await served.stop();
      await secrets('DELETE', `/${secretId}`);
    });

    const signIn = async (providerId: string, tokens: Readonly<Record<string, string>>) => {
      const path = '/identitytoolkit.googleapis.com/v1/accounts:signInWithIdp?key=demo';
      const response = await fetch(`${stack.urls.auth}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          requestUri: 'http://localhost',
          postBody: new URLSearchParams({ providerId, ...tokens }).toString(),
          returnSecureToken: true,
        }),
      });
      const body: unknown = await response.json();
      return { status: response.status, body: Object(body) };
    };
    const connectionsOf = async (idToken: string) => {
      const answer = await fetch(`${stack.urls.hosting}/v1/connections`, {
        headers: { authorization: `Bearer ${idToken}` },
      });
      const body: unknown = await answer.json();
      assert.ok(answer.status === 200 && Array.isArray(body), JSON.stringify(body));
      return body;
    };

    it('a sign-in with the provider leaves a connection, and the next one the same', async () => {
      const claims = { sub: 'seeded-account', email: 'seeded@example.com', email_verified: true };
      const tokens = { id_token: JSON.stringify(claims), access_token: 'a token of the test' };
      // A sign-in waits for two seconds at most; what did not fit into them, the next one brings.
      let idToken = '';
      await until('the connection', async () => {
        const { status, body } = await signIn('oidc.sandbox', tokens);
        assert.equal(status, 200, JSON.stringify(body));
        idToken = body.idToken;
        return (await connectionsOf(idToken)).length > 0;
      });
      const [connection, ...others] = await connectionsOf(idToken);
      assert.deepEqual(
        [connection.provider, connection.account.subject, connection.status, others.length],
        ['sandbox', 'seeded-account', 'active', 0],
      );
      const second = await signIn('oidc.sandbox', tokens);
      assert.equal(second.status, 200);
      const again = await connectionsOf(second.body.idToken);
      assert.deepEqual(
        again.map(({ id }) => id),
        [connection.id],
      );
      assert.ok(!served.output().includes(tokens.access_token), 'the token stands in a log');
    });

    it('a sign-in with any other provider goes through, and leaves nothing', async () => {
      const id_token = JSON.stringify({ sub: 'other-account', email: 'other@example.com' });
      const { status, body } = await signIn('google.com', { id_token });
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(await connectionsOf(body.idToken), []);
    });

    it('a sign-in goes through while no secret can be read', async () => {
      const broken = await spawnServe(stack, {
        env: { ...environment, STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: '127.0.0.1:1' },
      });
      try {
        await config(beforeSignIn(broken));
        const id_token = JSON.stringify({ sub: 'unlucky-account', email: 'unlucky@example.com' });
        const tokens = { id_token, access_token: 'a token of the test' };
        const { status, body } = await signIn('oidc.sandbox', tokens);
        assert.equal(status, 200, JSON.stringify(body));
        assert.match(broken.output(), /sign-in could not be kept/);
        assert.ok(!broken.output().includes(tokens.access_token), 'the token stands in a log');
      } finally {
        await config(beforeSignIn(served));
        await broken.stop();
      }
    });
  });
});
