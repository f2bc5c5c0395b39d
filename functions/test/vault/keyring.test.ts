import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { createKeyring, type Keyring, pointerTtlMs } from '../../src/vault/keyring.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { type Secrets, startSecrets } from '../secrets.ts';

const secretId = 'strongroom-keyring';

describe('the keyring, on the real client and the Secret Manager stand-in', () => {
  let secrets: Secrets;
  let clock: ManualClock;
  let keyring: Keyring;

  beforeEach(async () => {
    secrets = await startSecrets();
    clock = manualClock();
    keyring = createKeyring({ secrets: secrets.reader, secretId, clock });
  });

  afterEach(() => secrets.stop());

  const addKey = () => secrets.addSecretVersion(secretId, randomBytes(32));
  const sealingKid = async () => (await keyring.sealingKey()).kid;
  const fails = (work: Promise<unknown>, code: string) => assert.rejects(work, { code });

  it('costs one access for a hundred concurrent first requests', async () => {
    addKey();
    const kids = await Promise.all(Array.from({ length: 100 }, sealingKid));
    assert.deepEqual([...new Set(kids)], ['1']);
    await Promise.all(Array.from({ length: 100 }, () => keyring.openingKey('1')));
    assert.deepEqual(secrets.accessCounts(), { [`${secretId}/1`]: 1 });
  });

  it('costs one access for a hundred concurrent openings with an older version', async () => {
    addKey();
    addKey();
    await Promise.all(Array.from({ length: 100 }, () => keyring.openingKey('1')));
    assert.deepEqual(secrets.accessCounts(), { [`${secretId}/1`]: 1 });
  });

  it('gives exactly the bytes of the version it names', async () => {
    const key = randomBytes(32);
    secrets.addSecretVersion(secretId, key);
    assert.deepEqual(Buffer.from((await keyring.sealingKey()).key), key);
  });

  it('seals with the newest version and opens with every older one', async () => {
    addKey();
    addKey();
    assert.equal(await sealingKid(), '2');
    const old = await keyring.openingKey('1');
    assert.equal(old.kid, '1');
    assert.notDeepEqual(old.key, (await keyring.sealingKey()).key);
  });

  it('seals with the next enabled version where the newest is disabled', async () => {
    addKey();
    addKey();
    addKey();
    await secrets.disable(secretId, '3');
    assert.equal(await sealingKid(), '2');
  });

  it('takes up a new version once the pointer to the newest is five minutes old', async () => {
    addKey();
    assert.equal(await sealingKid(), '1');
    addKey();
    clock.advance(pointerTtlMs - 1);
    assert.equal(await sealingKid(), '1');
    clock.advance(1);
    assert.equal(await sealingKid(), '2');
    assert.equal((await keyring.openingKey('1')).kid, '1');
  });

  it('stops sealing with a version that was disabled, once the pointer is five minutes old', async () => {
    addKey();
    addKey();
    assert.equal(await sealingKid(), '2');
    await secrets.disable(secretId, '2');
    clock.advance(pointerTtlMs);
    assert.equal(await sealingKid(), '1');
  });

  for (const kid of ['2', '0', '01', '-1', 'latest', '1/../2', '', '__proto__', '9999999999']) {
    it(`refuses to open with the unknown version ${JSON.stringify(kid)}`, async () => {
      addKey();
      await fails(keyring.openingKey(kid), 'sealed_value_rejected');
    });
  }

  it('asks once for an unknown version, and again at the next need', async () => {
    addKey();
    await sealingKid();
    const open = () => fails(keyring.openingKey('2'), 'sealed_value_rejected');
    await Promise.all(Array.from({ length: 100 }, open));
    secrets.resetAccessCounts();
    addKey();
    await Promise.all(Array.from({ length: 100 }, () => keyring.openingKey('2')));
    assert.deepEqual(secrets.accessCounts(), { [`${secretId}/2`]: 1 });
  });

  it('opens with a version that another instance has just added, and seals with it at once', async () => {
    addKey();
    assert.equal(await sealingKid(), '1');
    addKey();
    assert.equal((await keyring.openingKey('2')).kid, '2');
    assert.equal(await sealingKid(), '2');
  });

  it('does not take an old version for the newest because it was opened with', async () => {
    addKey();
    addKey();
    assert.equal((await keyring.openingKey('1')).kid, '1');
    assert.equal(await sealingKid(), '2');
  });

  it('seals with no older version than asked for, although its pointer is young', async () => {
    addKey();
    assert.equal(await sealingKid(), '1');
    addKey();
    assert.equal((await keyring.sealingKey('2')).kid, '2');
    assert.equal(await sealingKid(), '2');
    assert.equal((await keyring.sealingKey('1')).kid, '2');
  });

  it('costs one access per version for a hundred concurrent first requests of both kinds', async () => {
    addKey();
    addKey();
    const kinds = [() => keyring.sealingKey(), () => keyring.openingKey('2')];
    const older = () => keyring.openingKey('1');
    await Promise.all(
      Array.from({ length: 50 }, () => kinds.map((ask) => ask()))
        .flat()
        .concat(Array.from({ length: 50 }, older)),
    );
    assert.deepEqual(secrets.accessCounts(), { [`${secretId}/1`]: 1, [`${secretId}/2`]: 1 });
  });

  it('tells a disabled version from a value that was tampered with, and how to enable it', async () => {
    addKey();
    addKey();
    await secrets.disable(secretId, '1');
    await assert.rejects(keyring.openingKey('1'), {
      code: 'settings_invalid',
      message: /Version 1 of the secret strongroom-keyring .* disabled or destroyed/,
    });
  });

  it('tells a version that it may not read from a value that was tampered with', async () => {
    addKey();
    const reader = createSecretReader({
      mode: 'sandbox',
      projectId: 'demo-of-somebody-else',
      secretManagerHost: `127.0.0.1:${secrets.port}`,
    });
    const stranger = createKeyring({ secrets: reader, secretId, clock });
    const denied = { code: 'settings_invalid', message: /may not read it.*secretAccessor/ };
    await assert.rejects(stranger.openingKey('1'), denied);
    await assert.rejects(stranger.sealingKey(), denied);
  });

  it('tells a missing secret from a value that was tampered with, and creates none', async () => {
    await fails(keyring.openingKey('1'), 'settings_invalid');
    await fails(keyring.sealingKey(), 'settings_invalid');
    addKey();
    assert.equal(await sealingKid(), '1', 'A version was there that nobody had added.');
  });

  for (const bytes of [0, 16, 31, 33, 64]) {
    it(`takes no key of ${bytes} bytes and says which version is wrong`, async () => {
      secrets.addSecretVersion(secretId, randomBytes(bytes));
      const wrong = {
        code: 'settings_invalid',
        message: /Version 1 of the secret strongroom-keyring .* 32 bytes/,
      };
      await assert.rejects(keyring.sealingKey(), wrong);
      await assert.rejects(keyring.openingKey('1'), wrong);
    });
  }

  it('goes on with the key at hand where somebody has added what is no key', async () => {
    addKey();
    assert.equal(await sealingKid(), '1');
    secrets.addSecretVersion(secretId, randomBytes(16));
    clock.advance(pointerTtlMs);
    assert.equal(await sealingKid(), '1');
  });

  it('names the secret where it has no enabled version', async () => {
    await assert.rejects(keyring.sealingKey(), {
      code: 'settings_invalid',
      message: /strongroom-keyring/,
    });
  });

  it('is unavailable while Secret Manager is, and works again by itself afterwards', async () => {
    addKey();
    addKey();
    secrets.setUnavailable(true);
    const unavailable = { code: 'unavailable', details: { dependency: 'secret-manager' } };
    await Promise.all([
      assert.rejects(keyring.sealingKey(), unavailable),
      assert.rejects(keyring.openingKey('1'), unavailable),
    ]);
    secrets.setUnavailable(false);
    assert.equal(await sealingKid(), '2');
    assert.equal((await keyring.openingKey('1')).kid, '1');
  });

  it('opens what it knows while Secret Manager is unavailable', async () => {
    addKey();
    await keyring.sealingKey();
    secrets.setUnavailable(true);
    assert.equal((await keyring.openingKey('1')).kid, '1');
    assert.equal(await sealingKid(), '1');
  });
});
