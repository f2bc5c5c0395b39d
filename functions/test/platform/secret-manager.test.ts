import assert from 'node:assert/strict';
import { sendJson, startLocalServer } from '../../../sandbox/http/local-server.ts';
import { crc32c } from '../../src/platform/crc32c.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { startSecrets } from '../secrets.ts';

describe('Secret Manager', () => {
  it('is checked by the CRC-32C that everybody else computes', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array()), 0);
  });

  for (const [what, checksum, isTaken] of [
    ['takes a payload with its checksum', crc32c(Buffer.alloc(32, 7)), true],
    ['takes no payload that was damaged on its way', crc32c(Buffer.alloc(32, 8)), false],
  ] as const) {
    it(what, async () => {
      const server = await startLocalServer(async (_request, response) => {
        const data = Buffer.alloc(32, 7).toString('base64');
        const name = 'projects/1/secrets/strongroom-keyring/versions/1';
        sendJson(response, 200, { name, payload: { data, dataCrc32c: String(checksum) } });
      }, 0);
      const reader = createSecretReader({
        mode: 'sandbox',
        projectId: 'demo-damaged',
        secretManagerHost: `127.0.0.1:${server.port}`,
      });
      try {
        const reading = reader.access('strongroom-keyring', '1');
        if (isTaken) assert.equal((await reading).version, '1');
        else await assert.rejects(reading, { code: 'unavailable' });
      } finally {
        await server.stop();
      }
    });
  }

  it('adds, lists, disables and destroys versions through the real client', async () => {
    const secrets = await startSecrets();
    try {
      const { writer, reader } = secrets;
      secrets.addSecretVersion('keys', Buffer.alloc(32, 1));
      assert.equal(await writer.addVersion('keys', Buffer.alloc(32, 2)), '2');
      assert.deepEqual(
        Buffer.from((await reader.access('keys', '2')).payload),
        Buffer.alloc(32, 2),
      );
      await writer.addVersion('keys', Buffer.alloc(32, 3));
      await writer.disable('keys', '2');
      await writer.destroy('keys', '1');
      const versions = await writer.list('keys');
      assert.deepEqual(
        versions.map(({ version, state }) => `${version} ${state}`),
        ['1 destroyed', '2 disabled', '3 enabled'],
      );
      for (const { createdAt } of versions) assert.ok(Math.abs(Date.now() - createdAt) < 60_000);
      await assert.rejects(reader.access('keys', '2'), { why: 'disabled' });
      await assert.rejects(reader.access('keys', '9'), { why: 'missing' });
      await assert.rejects(writer.addVersion('nothing', Buffer.alloc(32)), { why: 'missing' });
    } finally {
      await secrets.stop();
    }
  });
});
