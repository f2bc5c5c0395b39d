import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { until } from '../../../../sandbox/demo/until.ts';
import { authorize } from '../../../../sandbox/provider/browser.ts';
import { type SandboxProvider, startProvider } from '../../../../sandbox/provider/provider.ts';
import { serviceSecret } from '../../../../sandbox/provider/services.ts';
import { startSecretManager } from '../../../../sandbox/secret-manager/secret-manager.ts';
import { spawnServe } from '../../../../sandbox/serve/spawn.ts';
import { stack } from '../../../../sandbox/test/stack.ts';
import { type ApiName, settingsAt, startUpstreams, type Upstreams } from './apis.ts';

/** The functions outside the emulator, a provider, and an API for each SDK. */
export interface SdkWorld {
  readonly provider: SandboxProvider;
  readonly upstreams: Upstreams;
  /** A new user of the app, whom the Auth emulator has signed in. */
  signUp(): Promise<User>;
  /** The access token of a service that may call APIs. */
  serviceToken(): Promise<string>;
  stop(): Promise<void>;
}

export interface User {
  readonly uid: string;
  /** As Firebase Auth issues it. */
  readonly idToken: string;
  /** @returns the address of the connection. */
  connect(name: ApiName): Promise<string>;
  /** The access token that a connection holds now. */
  accessToken(connection: string): Promise<string>;
  /** Ends all his connections, of whose providers the rest of the sandbox knows nothing. */
  leave(): Promise<void>;
}

let started: Promise<SdkWorld> | undefined;

/** The one that all SDKs share; it is there until the last test of the run. */
export function sdkWorld(): Promise<SdkWorld> {
  started ??= startWorld();
  return started;
}

after(async () => (await started)?.stop());

async function startWorld(): Promise<SdkWorld> {
  const provider = await startProvider({ port: 0 });
  const upstreams = await startUpstreams({
    async accepts(accessToken) {
      const headers = { authorization: `Bearer ${accessToken}` };
      const answer = await fetch(`${provider.url}/api/me`, { headers });
      await answer.arrayBuffer();
      return answer.ok;
    },
  });
  const { projectId } = stack;
  const secretManager = await startSecretManager({ port: 0, projectId });
  const served = await spawnServe(stack, {
    env: { STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secretManager.port}` },
  });
  // They are read at the first request.
  const settings = JSON.stringify(settingsAt(served.url, provider, upstreams));
  secretManager.addSecretVersion('strongroom-keyring', randomBytes(32));
  secretManager.addSecretVersion('strongroom-providers', Buffer.from(settings));
  const base = `${served.url}/v1/connections`;
  return {
    provider,
    upstreams,
    async signUp() {
      const { uid, idToken } = await newUser();
      const ask = (method: string, url: string, body?: object, statuses?: readonly number[]) =>
        askAs(idToken, method, url, body, statuses);
      return {
        uid,
        idToken,
        async connect(name) {
          let begun: Told = {};
          // The emulators may be as new as this process, and too slow at first.
          await until('the vault', async () => {
            begun = await ask('POST', base, { provider: name }, [200, 503]);
            return 'state' in begun;
          });
          const { authorizationUrl, state } = begun;
          const visit = { account: 'ada', decision: 'allow' } as const;
          const told = await authorize({ ...visit, authorizationUrl: String(authorizationUrl) });
          // Salesforce's token endpoint tells where the org is.
          const patch = { instance_url: upstreams[name].url };
          provider.addFault({ endpoint: 'token', patch });
          const answer = { state, ...Object.fromEntries(told) };
          const { id } = await ask('POST', `${base}/complete`, answer);
          return `${base}/${String(id)}`;
        },
        async accessToken(connection) {
          return String((await ask('POST', `${connection}/token`, {}))['accessToken']);
        },
        leave: async () => void (await ask('DELETE', base)),
      };
    },
    async serviceToken() {
      const form = { grant_type: 'client_credentials', resource: `${served.url}/v1` };
      const answer = await fetch(`${provider.url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`strongroom-service:${serviceSecret}`)}` },
        body: new URLSearchParams({ ...form, scope: 'calls.write' }),
      });
      return String(Object(await answer.json()).access_token);
    },
    async stop() {
      await served.stop();
      const servers = [provider, secretManager, ...Object.values(upstreams)];
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function newUser(): Promise<Pick<User, 'uid' | 'idToken'>> {
  const url = `${stack.urls.auth}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=demo`;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: '{"returnSecureToken":true}' });
  const { idToken, localId: uid } = Object(await answer.json());
  assert.ok(typeof idToken === 'string' && typeof uid === 'string');
  return { uid, idToken };
}

type Told = Readonly<Record<string, unknown>>;

async function askAs(
  idToken: string,
  method: string,
  url: string,
  body: object | undefined,
  statuses: readonly number[] = [200],
): Promise<Told> {
  const headers = { authorization: `Bearer ${idToken}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  assert.ok(statuses.includes(answer.status), text);
  return Object(JSON.parse(text));
}
