import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { root } from '../../../sandbox/launch/paths.ts';
import { readSettings } from '../../../sandbox/launch/settings.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import { serviceSecret } from '../../../sandbox/provider/services.ts';
import { startSecretManager } from '../../../sandbox/secret-manager/secret-manager.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { ServiceSettings } from '../../src/identity/service-settings.ts';
import { audience, type Issuer, startIssuer } from './issuer.ts';
import { type Answer, type Outside, startOutside } from './served.ts';
import { projectId } from './tokens.ts';

type RequestHeaders = Readonly<Record<string, string>>;

/** The deployed functions with settings of their own, the sandbox provider, and a hostile issuer. */
export interface ServicesWorld {
  readonly outside: Outside;
  readonly provider: SandboxProvider;
  /** One whose tokens the test signs. */
  readonly issuer: Issuer;
  /** One that signs with the same keys, and puts no scopes into its tokens. */
  readonly plain: Issuer;
  /** One that gives no keys yet. */
  readonly late: Issuer;
  /** An access token by client credentials (RFC 6749 §4.4), as a service gets it. */
  token(
    scope: string,
    change?: { readonly client?: string; readonly resource?: string },
  ): Promise<string>;
  /** Asks as a service for a user. */
  ask(
    token: string,
    uid: string | undefined,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer>;
  /** Connects an account of that user, by a service. @returns the connection's id. */
  connect(uid: string): Promise<string>;
  stop(): Promise<void>;
}

export const allScopes = 'connections.read connections.write tokens.read calls.write';
/** Its settings name it for nothing but reading. */
export const readerClient = 'reader';

export async function startServicesWorld(): Promise<ServicesWorld> {
  const extraClients = [readerClient, 'stranger'].map((client_id) => ({
    client_id,
    client_secret: serviceSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }));
  const [provider, issuer, plain, late, secrets] = await Promise.all([
    startProvider({ port: 0, extraClients }),
    startIssuer(),
    startIssuer(),
    startIssuer(),
    startSecretManager({ port: 0, projectId }),
  ]);
  const services: readonly Partial<ServiceSettings>[] = [
    {
      issuer: provider.url,
      audience,
      clients: {
        'strongroom-service': [
          'connections.read',
          'connections.write',
          'tokens.read',
          'calls.write',
        ],
        [readerClient]: ['connections.read'],
      },
    },
    { issuer: issuer.url, audience },
    { issuer: late.url, audience },
    {
      issuer: plain.url,
      audience,
      typ: 'any',
      clientClaim: 'sub',
      scopesFrom: 'clients',
      clients: { '1234567890': ['connections.read'] },
    },
  ];
  late.fail((response) => response.destroy());
  const settings = JSON.parse(
    readSettings(join(root, 'emulator-data/providers.json'), {
      PROVIDER_URL: provider.url,
      HOSTING_URL: 'http://127.0.0.1:5000',
      SANDBOX_CLIENT_SECRET: provider.clientSecret,
    }),
  );
  settings.providers.sandbox.allowTokenRelease = true;
  secrets.addSecretVersion('strongroom-keyring', randomBytes(32));
  secrets.addSecretVersion(
    'strongroom-providers',
    Buffer.from(JSON.stringify({ ...settings, services, audit: { records: 'everything' } })),
  );
  const outside = await startOutside({
    STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secrets.port}`,
  });

  const token: ServicesWorld['token'] = (scope, change = {}) =>
    clientCredentials(provider.url, { scope, resource: audience, ...change });
  const ask: ServicesWorld['ask'] = (bearer, uid, method, path, body) => {
    const headers: RequestHeaders = {
      authorization: `Bearer ${bearer}`,
      ...(uid !== undefined && { 'strongroom-user': uid }),
    };
    return outside.rest(method, path, body)(headers);
  };
  const connected: (readonly [uid: string, id: string])[] = [];
  return {
    outside,
    provider,
    issuer,
    plain,
    late,
    token,
    ask,
    async connect(uid) {
      const bearer = await token('connections.write');
      const begin = () => ask(bearer, uid, 'POST', '/v1/connections', { provider: 'sandbox' });
      let begun = await begin();
      // The first request of an instance on a busy machine: it is told to try again.
      for (let n = 0; n < 5 && begun.status === 503; n += 1) begun = await begin();
      if (begun.status !== 200) throw new Error(JSON.stringify(begun.body));
      const { authorizationUrl, state } = Object(begun.body);
      const told = await authorize({ authorizationUrl, account: uid, decision: 'allow' });
      const answer = { state, ...Object.fromEntries(told) };
      const done = await ask(bearer, uid, 'POST', '/v1/connections/complete', answer);
      const { id } = Object(done.body);
      connected.push([uid, id]);
      return id;
    },
    async stop() {
      // Nobody else has the key that opens them.
      const bearer = await token('connections.write');
      for (const [uid, id] of connected) await ask(bearer, uid, 'DELETE', `/v1/connections/${id}`);
      await outside.stop();
      await Promise.all([provider, issuer, plain, late, secrets].map((server) => server.stop()));
    },
  };
}

/** @throws Error where the authorization server gives none. */
export async function clientCredentials(
  issuer: string,
  {
    client = 'strongroom-service',
    ...parameters
  }: { readonly client?: string; readonly scope: string; readonly resource: string },
): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client}:${serviceSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
  const { access_token: token, error } = Object(await answer.json());
  if (typeof token !== 'string') throw new Error(`No token: ${error}`);
  return token;
}

/** The records of the audit that name this service, as they stand in Firestore. */
export async function recordsOfService(service: string): Promise<Record<string, unknown>[]> {
  const structuredQuery = {
    from: [{ collectionId: 'strongroomAudit' }],
    where: {
      fieldFilter: {
        field: { fieldPath: 'service' },
        op: 'EQUAL',
        value: { stringValue: service },
      },
    },
  };
  const documents = `/v1/projects/${stack.projectId}/databases/(default)/documents`;
  const response = await fetch(`${stack.urls.firestore}${documents}:runQuery`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ structuredQuery }),
  });
  const rows: unknown = await response.json();
  if (!response.ok || !Array.isArray(rows)) throw new Error('Firestore did not answer the query.');
  return rows
    .filter((row) => 'document' in row)
    .map(({ document: { fields } }) =>
      Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, Object.values(Object(value))[0]]),
      ),
    );
}
