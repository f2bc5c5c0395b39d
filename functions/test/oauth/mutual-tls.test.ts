import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  getCACertificates,
  type PeerCertificate,
  setDefaultCACertificates,
  TLSSocket,
} from 'node:tls';
import { readBody } from '../../../sandbox/http/body.ts';
import { type Certificates, makeCertificates } from '../harness/certificates.ts';
import { refuses } from '../harness/errors.ts';
import { publishProviders } from '../harness/machines.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };

interface Seen {
  readonly path: string;
  /** The name in the certificate that was shown. */
  readonly by: string | undefined;
  readonly clientId: string | null;
  readonly authorization: string | undefined;
}

describe('mutual TLS (RFC 8705)', function () {
  this.timeout(60_000);

  let world: World;
  let certificates: Certificates;
  let server: Server;
  let url: string;
  const seen: Seen[] = [];
  const trusted = getCACertificates('default');

  before(async () => {
    certificates = await makeCertificates(['app', 'other']);
    setDefaultCACertificates([...trusted, certificates.authority]);
    world = await createWorld();
    const { certificate: cert, privateKey: key } = certificates.server;
    const options = { cert, key, ca: certificates.authority, requestCert: true };
    // Who shows no certificate is let in here, and is told no by the answer.
    server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
      void readBody(request).then((body) => {
        const { socket } = request;
        const isShown = socket instanceof TLSSocket && socket.authorized;
        const shown: Partial<PeerCertificate> = isShown ? socket.getPeerCertificate() : {};
        const by = shown.subject?.CN;
        const form = new URLSearchParams(body.toString('utf8'));
        const path = request.url ?? '';
        const { authorization } = request.headers;
        seen.push({ path, by: String(by ?? ''), clientId: form.get('client_id'), authorization });
        const json = (status: number, value: object) =>
          response
            .writeHead(status, { 'content-type': 'application/json' })
            .end(JSON.stringify(value));
        if (path === '/.well-known/openid-configuration') return json(200, discovery());
        if (by !== 'app') return json(401, { error: 'invalid_client' });
        return path.startsWith('/mtls/token')
          ? json(200, { access_token: 'bound-to-app', token_type: 'Bearer', expires_in: 300 })
          : json(200, { by });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = Object(server.address()) satisfies AddressInfo;
    url = `https://127.0.0.1:${port}`;
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    await world?.stop();
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });
  beforeEach(async () => {
    seen.length = 0;
    await world.reset();
  });

  const discovery = () => ({
    issuer: url,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    mtls_endpoint_aliases: {
      token_endpoint: `${url}/mtls/token`,
      revocation_endpoint: `${url}/mtls/revoke`,
    },
  });
  const publish = (entry: object) => {
    publishProviders(world, {
      bound: {
        kind: 'client-credentials',
        name: 'Bound',
        clientId: 'app',
        clientAuthentication: 'tls_client_auth',
        clientCertificate: certificates.clients['app'],
        apiBaseUrl: `${url}/api`,
        ...entry,
      },
    });
    return world.newSuite();
  };
  const add = (suite: World['suite']) => suite.add(ada, { provider: 'bound' });
  const call = (suite: World['suite'], id: string) => {
    const deadlineAt = world.clock.ticks() + 10_000;
    return suite.call(ada, id, { method: 'GET', path: '/me' }, deadlineAt);
  };

  it('shows the certificate to the token endpoint, by the name that is meant for it, with the client id', async () => {
    const suite = publish({ issuer: url });
    const { id } = await add(suite);
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    assert.deepEqual(
      seen.map(({ path, by, clientId }) => [path, by, clientId]),
      [
        ['/.well-known/openid-configuration', '', null],
        ['/mtls/token', 'app', 'app'],
        ['/mtls/revoke', 'app', 'app'],
      ],
    );
  });

  it('shows it to nobody else: not to the API, unless its tokens are bound to it', async () => {
    const suite = publish({ tokenEndpoint: `${url}/mtls/token` });
    const { id } = await add(suite);
    assert.equal((await call(suite, id)).status, 401);
    const bound = publish({ tokenEndpoint: `${url}/mtls/token`, certificateBoundTokens: true });
    assert.equal((await call(bound, id)).status, 200);
    const api = seen.filter(({ path }) => path.startsWith('/api'));
    assert.deepEqual(
      api.map(({ by, authorization }) => [by, authorization]),
      [
        // After a 401 the call is made once more.
        ['', 'Bearer bound-to-app'],
        ['', 'Bearer bound-to-app'],
        ['app', 'Bearer bound-to-app'],
      ],
    );
  });

  it("keeps no connection on which another provider's requests would be taken for the app's", async () => {
    const tokenEndpoint = `${url}/mtls/token`;
    const suite = publish({ tokenEndpoint });
    await add(suite);
    publishProviders(world, {
      bound: {
        kind: 'client-credentials',
        name: 'Bound',
        clientId: 'app',
        clientAuthentication: 'tls_client_auth',
        clientCertificate: certificates.clients['app'],
        apiBaseUrl: `${url}/api`,
        tokenEndpoint,
      },
      unbound: {
        kind: 'client-credentials',
        name: 'Unbound',
        clientId: 'unbound',
        clientSecrets: ['x'],
        apiBaseUrl: `${url}/api`,
        tokenEndpoint,
      },
    });
    const both = world.newSuite();
    await both.add({ uid: 'bob' }, { provider: 'bound' });
    await refuses('provider_misconfigured', both.add(ada, { provider: 'unbound' }), {
      providerError: 'invalid_client',
    });
    assert.deepEqual(
      seen.map(({ by }) => by),
      ['app', 'app', ''],
    );
  });

  it("with another's certificate is refused, and it is the team that must act", async () => {
    const suite = publish({
      tokenEndpoint: `${url}/mtls/token`,
      clientCertificate: certificates.clients['other'],
    });
    await refuses('provider_misconfigured', add(suite), { providerError: 'invalid_client' });
  });

  it('does not come to be where the settings have no certificate for it', async () => {
    const tokenEndpoint = `${url}/mtls/token`;
    await refuses(
      'settings_invalid',
      add(publish({ tokenEndpoint, clientCertificate: undefined })),
      {
        field: 'providers.bound.clientCertificate',
      },
    );
    const unbound = publish({
      tokenEndpoint,
      clientCertificate: undefined,
      clientAuthentication: 'none',
      certificateBoundTokens: true,
    });
    await refuses('settings_invalid', add(unbound), { field: 'providers.bound.clientCertificate' });
  });
});
