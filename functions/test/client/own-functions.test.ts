import assert from 'node:assert/strict';
import { startKeycloak } from '../../../sandbox/upstreams/keycloak.ts';
import { startSalesforce } from '../../../sandbox/upstreams/salesforce.ts';
import { startSpotify } from '../../../sandbox/upstreams/spotify.ts';
import type { Upstream } from '../../../sandbox/upstreams/upstream.ts';
import type { Suite } from '../../src/suite.ts';
import { createWorld, type World } from '../harness/world.ts';
import { type Outside, startOutside } from '../identity/served.ts';
import { idTokenClaims, issue } from '../identity/tokens.ts';

describe('the own functions of an app, built from examples/own-functions', function () {
  this.timeout(120_000);
  let world: World;
  let spotify: Upstream;
  let salesforce: Upstream;
  let keycloak: Upstream;
  let outside: Outside;
  let suite: Suite;

  before(async () => {
    world = await createWorld();
    [spotify, salesforce, keycloak] = await Promise.all([
      startSpotify(),
      startSalesforce(),
      startKeycloak(),
    ]);
    const { projectId, meter, secretManager } = world;
    outside = await startOutside(
      {
        GCLOUD_PROJECT: projectId,
        FIREBASE_CONFIG: JSON.stringify({ projectId }),
        FIRESTORE_EMULATOR_HOST: `127.0.0.1:${meter.port}`,
        STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secretManager.port}`,
      },
      'examples/own-functions',
    );
    world.publish((settings) => {
      const { sandbox } = settings.providers;
      assert.ok(sandbox);
      return {
        ...settings,
        providers: {
          spotify: { ...sandbox, apiBaseUrl: `${spotify.url}/v1` },
          salesforce: {
            ...sandbox,
            apiBaseUrl: '{instance_url}',
            keep: ['instance_url'],
            apiHosts: ['*.my.salesforce.com'],
            paging: { style: 'cursor', cursor: 'nextRecordsUrl', items: 'records' },
          },
          keycloak: {
            ...sandbox,
            apiBaseUrl: `${keycloak.url}/realms/main/protocol/openid-connect`,
          },
        },
      };
    });
    suite = world.newSuite();
  });
  after(async () => {
    await outside?.stop();
    for (const upstream of [spotify, salesforce, keycloak]) await upstream?.stop();
    await world?.stop();
  });
  beforeEach(() => {
    for (const upstream of [spotify, salesforce, keycloak]) upstream.reset();
  });

  /** Calls a function as that user. */
  const asUser = (uid: string, name: string) => {
    const claims = { ...idTokenClaims(uid), aud: world.projectId };
    const iss = `https://securetoken.google.com/${world.projectId}`;
    const idToken = issue(outside.google.idTokenKey, { ...claims, iss });
    return outside.callable(name, {})({ authorization: `Bearer ${idToken}` });
  };
  const resultOf = async (uid: string, name: string): Promise<unknown> => {
    const { status, body } = await asUser(uid, name);
    assert.equal(status, 200, JSON.stringify(body));
    return Object(body).result;
  };

  it('read the Spotify profile of the user who calls, and of nobody else', async () => {
    await world.connect('ada', { suite, provider: 'spotify' });
    assert.deepEqual(await resultOf('ada', 'spotifyProfile'), {
      id: 'ada',
      name: 'Ada',
      product: 'premium',
    });
    const { status, code } = await asUser('grace', 'spotifyProfile');
    assert.deepEqual([status, code], [404, 'connection_not_found']);
    assert.equal(spotify.requests().length, 1);
  });

  it('refuse who is not signed in, and ask nobody', async () => {
    const { status } = await outside.callable('spotifyProfile', {})({});
    assert.deepEqual([status, spotify.requests().length], [401, 0]);
  });

  it("list Salesforce invoices by SOQL at the user's instance_url, page after page", async () => {
    world.provider.addFault({ endpoint: 'token', patch: { instance_url: salesforce.url } });
    await world.connect('linus', { suite, provider: 'salesforce' });
    const invoices = await resultOf('linus', 'salesforceInvoices');
    assert.ok(Array.isArray(invoices));
    assert.deepEqual(invoices[0], { id: '3tt1', number: 'INV-00001', total: 100 });
    assert.equal(new Set(invoices.map(({ id }) => id)).size, invoices.length);
    const paths = salesforce.requests().map(({ path }) => path);
    assert.ok(paths.length > 1, paths.join());
    assert.ok(paths.every((path) => path.startsWith('/services/data/v66.0/query')));
  });

  it('make the calls of a dashboard at once with one look-up of the token', async () => {
    await world.connect('mary', { suite, provider: 'spotify' });
    world.meter.reset();
    const dashboard = await resultOf('mary', 'dashboard');
    assert.deepEqual(dashboard, {
      name: 'Ada',
      savedTracks: 23,
      latest: ['Track 1', 'Track 2', 'Track 3', 'Track 4', 'Track 5'],
      playlists: 0,
    });
    assert.equal(spotify.requests().length, 3);
    // One to find the connection by its provider, one to open the token.
    assert.deepEqual(world.meter.counts().reads, 2);
  });

  it('read what Keycloak says of the user', async () => {
    await world.connect('alan', { suite, provider: 'keycloak' });
    assert.deepEqual(await resultOf('alan', 'keycloakUser'), {
      subject: 'f4c0a1b2-0000-4000-8000-000000000001',
      name: 'ada',
      email: 'ada@example.com',
    });
  });
});
