import assert from 'node:assert/strict';
import { join } from 'node:path';
import { REGION } from '../../launch/sandbox-file.ts';
import { withSimulated } from '../../launch/simulated.ts';
import { defaultPorts } from '../../launch/stack.ts';
import { startStandIns } from '../../launch/stand-ins.ts';
import { temporaryFolder, write } from './temporary.ts';

describe('a provider that the settings have simulated', () => {
  const temporary = temporaryFolder();
  const app = { redirectUri: 'http://127.0.0.1:5000/oauth/callback', returnTo: [] };
  const settingsOf = (providers: object) => JSON.stringify({ app, providers });

  it('is served here, with what the settings change of it; the others stay as they are', async () => {
    const other = { kind: 'oidc', issuer: 'https://issuer.example.com' };
    const music = { simulate: 'spotify', scale: 0.01, scopes: ['user-library-read'] };
    const { settings, servers, providers } = await withSimulated(settingsOf({ music, other }));
    try {
      const [server] = servers;
      const told = JSON.parse(settings);
      assert.deepEqual(told.providers.other, other);
      assert.deepEqual(told.providers.music.scopes, ['user-library-read']);
      assert.equal(providers['music']?.url, server?.url);
      const { tokenEndpoint, clientId, life, simulate, scale } = told.providers.music;
      assert.equal(tokenEndpoint, `${server?.url}/accounts.spotify.com/api/token`);
      assert.ok(clientId);
      assert.equal(life.accessTokenSeconds, 36);
      assert.deepEqual([simulate, scale], [undefined, undefined]);
      const answer = await fetch(tokenEndpoint, { method: 'POST' });
      assert.equal(answer.status, 400);
    } finally {
      await Promise.all(servers.map((running) => running.stop()));
    }
  });

  it('tells what its user hands over', async () => {
    const { servers, providers } = await withSimulated(settingsOf({ ai: { simulate: 'openai' } }));
    await Promise.all(servers.map((server) => server.stop()));
    assert.match(providers['ai']?.credentials['api_key'] ?? '', /^sk-/);
  });

  it('is among the stand-ins of a sandbox whose own settings ask for it', async () => {
    const file = join(temporary, 'providers.json');
    write(file, JSON.stringify({ providers: { music: { simulate: 'spotify' } } }));
    const before = process.env['STRONGROOM_PROVIDERS_FILE'];
    process.env['STRONGROOM_PROVIDERS_FILE'] = file;
    // Any free ones.
    const ports = { ...defaultPorts, secretManager: 0, provider: 0, meter: 0, clock: 0 };
    const standIns = await startStandIns({ projectId: 'demo-simulated', region: REGION, ports });
    try {
      const url = standIns.simulated['music']?.url ?? '';
      assert.equal((await fetch(`${url}/api.spotify.com/v1/me`)).status, 401);
    } finally {
      await standIns.stop();
      if (before === undefined) delete process.env['STRONGROOM_PROVIDERS_FILE'];
      else process.env['STRONGROOM_PROVIDERS_FILE'] = before;
    }
  });

  it('is named where the catalogue does not have it', async () => {
    await assert.rejects(withSimulated(settingsOf({ x: { simulate: 'nobody' } })), {
      message: /no entry nobody/,
    });
  });

  it('costs nothing where there is none', async () => {
    const settings = settingsOf({ other: { kind: 'oidc' } });
    assert.deepEqual(await withSimulated(settings), { settings, providers: {}, servers: [] });
  });
});
