import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createKeyring, type Keyring } from '../../src/vault/keyring.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { type Secrets, startSecrets } from '../secrets.ts';

const secretId = 'strongroom-keyring';
const pointerTtlMs = 5 * 60_000;

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

  it('refuses to open with a version that was disabled before it was known', async () => {
    addKey();
    await secrets.disable(secretId, '1');
    await fails(keyring.openingKey('1'), 'sealed_value_rejected');
  });

  for (const bytes of [0, 16, 31, 33, 64]) {
    it(`refuses to seal with a key of ${bytes} bytes and says which version is wrong`, async () => {
      secrets.addSecretVersion(secretId, randomBytes(bytes));
      await assert.rejects(keyring.sealingKey(), {
        code: 'settings_invalid',
        message: /Version 1 of the secret strongroom-keyring .* 32 bytes/,
      });
    });
  }

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
