import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Suite } from '../../src/suite.ts';
import { recordsIn } from '../harness/audit.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const time = { timeoutMs: 20_000 };

describe('the connections of the app’s own functions', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  const ours = () => world.suite.connections;
  const whoIs = async (uid: string, wanted: string) => {
    const client = await ours().client(uid, wanted, time);
    return (await client.get<{ sub: string }>('/me')).data.sub;
  };

  it('takes a provider for the only connection to it, and a connection by its id', async () => {
    const { id } = await world.connect('ada');
    await world.connect('ada', { provider: 'sandbox-oauth2', account: 'other' });
    assert.equal(await whoIs('ada', 'sandbox'), 'ada');
    assert.equal(await whoIs('ada', id), 'ada');
    assert.equal(await whoIs('ada', 'sandbox-oauth2'), 'other');
  });

  it('names the choice where there are several, and never chooses', async () => {
    const first = await world.connect('ada', { account: 'private' });
    const second = await world.connect('ada', { account: 'work' });
    const uses = [
      ours().client('ada', 'sandbox', time),
      ours().getAccessToken('ada', 'sandbox', time),
      ours().revoke('ada', 'sandbox'),
    ];
    for (const use of uses) {
      const error = await errorOf(use);
      assert.equal(error.code, 'connection_ambiguous');
      assert.deepEqual(error.details.connectionIds, [first.id, second.id]);
    }
    assert.equal(await ours().isConnected('ada', 'sandbox'), true);
    assert.equal(await whoIs('ada', second.id), 'work');
  });

  it('takes the only active one, and says why where none is', async () => {
    const { id } = await world.connect('ada', { account: 'old' });
    world.provider.revokeGrants();
    world.clock.advance(301_000);
    await refuses('needs_reauth', ours().client('ada', 'sandbox', time));
    assert.equal(await ours().isConnected('ada', 'sandbox'), false);
    assert.equal(await ours().isConnected('ada', id), false);
    await world.connect('ada', { account: 'new' });
    assert.equal(await whoIs('ada', 'sandbox'), 'new');
  });

  const uses: readonly [
    name: string,
    use: (suite: Suite, uid: string, wanted: string) => Promise<unknown>,
  ][] = [
    ['client', ({ connections }, uid, wanted) => connections.client(uid, wanted, time)],
    [
      'getAccessToken',
      ({ connections }, uid, wanted) => connections.getAccessToken(uid, wanted, time),
    ],
    ['revoke', ({ connections }, uid, wanted) => connections.revoke(uid, wanted)],
  ];
  for (const [name, use] of uses) {
    it(`${name} reaches nobody else's connection`, async () => {
      const { id } = await world.connect('ada');
      await refuses('connection_not_found', use(world.suite, 'eve', id));
      await refuses('connection_not_found', use(world.suite, 'eve', 'sandbox'));
      assert.equal(await ours().isConnected('eve', id), false);
      assert.equal(world.provider.counters().revocations, 0);
    });

    it(`${name} takes no user who is none, so that a forgotten uid is not everybody's`, async () => {
      const { id } = await world.connect('ada');
      for (const uid of ['', 'a/b', 'x'.repeat(129)]) {
        await refuses('invalid_argument', use(world.suite, uid, id), { field: 'uid' });
      }
      const call = Reflect.get(ours(), name);
      await refuses('invalid_argument', call(undefined, id, time), { field: 'uid' });
    });

    it(`${name} knows a mistyped provider from a connection`, async () => {
      await refuses('provider_unknown', use(world.suite, 'ada', 'sandbocks'));
    });
  }

  it('gives the token itself, and records that', async () => {
    const { id } = await world.connect('ada');
    const { accessToken, expiresAt = '' } = await ours().getAccessToken('ada', 'sandbox', time);
    assert.ok(Date.parse(expiresAt) > world.clock.now());
    const headers = { authorization: `Bearer ${accessToken}` };
    assert.equal((await fetch(`${world.provider.url}/api/me`, { headers })).status, 200);
    const released = (await recordsIn(world, 'ada')).find(({ type }) => type === 'token_released');
    assert.ok(released?.type === 'token_released');
    assert.deepEqual([released.actor, released.connectionId], ['service', id]);
  });

  it('revokes at the provider, and a client that was made before has nothing left', async () => {
    const { id } = await world.connect('ada');
    const client = await ours().client('ada', 'sandbox', time);
    assert.deepEqual(await ours().revoke('ada', 'sandbox'), { revoked: true });
    assert.ok(world.provider.counters().revocations > 0);
    await refuses('connection_not_found', client.get('/me'));
    assert.equal(await ours().isConnected('ada', id), false);
    assert.equal(await ours().isConnected('ada', 'sandbox'), false);
  });

  it('is imported without deploying anything', async () => {
    const { metafile } = await build({
      absWorkingDir: fileURLToPath(new URL('../../', import.meta.url)),
      entryPoints: ['src/client/index.ts'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      metafile: true,
      write: false,
    });
    const triggers = Object.keys(metafile.inputs).filter((path) => path.includes('/triggers/'));
    assert.deepEqual(triggers.sort(), ['src/triggers/options.ts', 'src/triggers/suite.ts']);
  });

  it('leaves nothing behind that keeps the process alive, however a call ended', async () => {
    const script = fileURLToPath(new URL('leaving.ts', import.meta.url));
    const argv = ['--disable-warning=ExperimentalWarning', script, `${world.provider.url}/api`];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 15_000 });
    assert.deepEqual(JSON.parse(stdout), [
      200,
      'canceled',
      'canceled',
      'canceled',
      'deadline_exceeded',
      429,
    ]);
  });
});
