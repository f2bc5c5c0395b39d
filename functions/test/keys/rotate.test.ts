import assert from 'node:assert/strict';
import { unavailable } from '../../src/errors.ts';
import { createRotateKeys } from '../../src/keys/rotate.ts';
import type { SecretWriter } from '../../src/platform/secret-writer.ts';
import { refuses } from '../harness/errors.ts';
import { logged } from '../harness/logs.ts';
import { createKeyWorld, dayMs, type KeyWorld, keyringId } from './key-world.ts';

describe('rotating keys', function () {
  this.timeout(60_000);
  let here: KeyWorld;
  beforeEach(async () => {
    here = await createKeyWorld();
  });
  afterEach(() => here.stop());

  const run = () => here.newSuite().rotateKeys();
  const advanceDays = (days: number) => here.world.clock.advance(days * dayMs);
  const request = () => here.keys.note({ requestedAt: here.world.clock.now() });
  /** With a part of Secret Manager as it is not here. */
  const rotateWith = (part: Partial<SecretWriter>) =>
    createRotateKeys({
      keys: here.keys,
      writer: { ...here.writer, ...part },
      secretId: keyringId,
      settings: { read: async () => ({ app: { redirectUri: '', returnTo: [] }, providers: {} }) },
      enqueue: async () => {},
      audit: { note: async () => {} },
      clock: here.world.clock,
    });
  /** A new version, and all documents under it. */
  const rotate = async () => {
    await request();
    await run();
    await here.drain();
  };

  it('adds a version once the newest is 90 days old, and not before', async () => {
    advanceDays(89.9);
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled' });
    advanceDays(0.2);
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
    assert.equal((await here.progress()).newest, '2');
  });

  it('adds it when the settings say, by a key that works', async () => {
    here.world.publish((settings) => ({
      ...settings,
      keys: { rotateAfterDays: 7, destroyAfterDays: 1 },
    }));
    advanceDays(7);
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
    const { id } = await here.world.connect('ada', { suite: here.newSuite() });
    assert.equal((await here.world.vault(id)).keyVersion, '2');
    assert.equal(await here.world.call('ada', id, here.newSuite()), 200);
  });

  it('adds one version, however many runs overlap', async () => {
    const list: SecretWriter['list'] = async (secretId) =>
      (await here.writer.list(secretId)).map((found) =>
        found.version === '1' ? { ...found, createdAt: found.createdAt - 91 * dayMs } : found,
      );
    await Promise.all(Array.from({ length: 5 }, () => rotateWith({ list })()));
    await rotateWith({ list })();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
  });

  it('adds one at once for an operator, once', async () => {
    await request();
    await Promise.all(Array.from({ length: 5 }, run));
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
  });

  it('keeps the request of an operator where no version could be added', async () => {
    await request();
    const addVersion = () => Promise.reject(unavailable('secret-manager'));
    const broken = rotateWith({ addVersion });
    await refuses('unavailable', broken());
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
  });

  it('makes no first key: that is for setting up', async () => {
    await here.writer.disable(keyringId, '1');
    await request();
    await refuses('settings_invalid', run());
    assert.deepEqual(await here.states(), { 1: 'disabled' });
  });

  it('disables a version nine days after nothing named it any more, and destroys it after 30', async () => {
    const { id } = await here.world.connect('ada');
    await rotate();
    await run();
    const statesAfter = async (days: number) => {
      advanceDays(days);
      await run();
      return here.states();
    };
    assert.deepEqual(await statesAfter(8.9), { 1: 'enabled', 2: 'enabled' });
    assert.deepEqual(await statesAfter(0.2), { 1: 'disabled', 2: 'enabled' });
    assert.deepEqual(await statesAfter(29.9), { 1: 'disabled', 2: 'enabled' });
    assert.deepEqual(await statesAfter(0.2), { 1: 'destroyed', 2: 'enabled' });
    assert.deepEqual((await here.progress()).retiring, {});
    const { docs } = await here.db.collection('strongroomAudit').where('type', '==', 'key').get();
    assert.deepEqual(
      docs.map((record) => `${record.get('event')} ${record.get('version')}`).sort(),
      ['destroyed 1', 'disabled 1', 'rotation_begun 2', 'rotation_finished 1'],
    );
    assert.equal(await here.world.call('ada', id, here.newSuite()), 200);
  });

  it('disables no version that a document names, and has it sealed anew at every run', async () => {
    await here.world.connect('ada');
    await request();
    await run();
    for (let days = 0; days < 40; days += 10) {
      here.waiting.length = 0;
      advanceDays(10);
      await run();
      assert.deepEqual(here.waiting, [{ from: '1', to: '2', pass: 1 }]);
    }
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'enabled' });
    assert.equal((await here.progress()).retiring['1']?.documents, 1);
  });

  it('destroys no disabled version that a restored document names, and tells of it', async () => {
    const { id } = await here.world.connect('ada');
    const reference = here.db.doc(`strongroomVault/${id}`);
    const backup = (await reference.get()).data() ?? {};
    await rotate();
    await run();
    advanceDays(10);
    await run();
    assert.equal((await here.states())['1'], 'disabled');

    await reference.set(backup);
    advanceDays(31);
    await run();
    assert.equal((await here.states())['1'], 'disabled');
    assert.ok(logged().some((line) => /gcloud secrets versions enable/.test(line)));
    await refuses('settings_invalid', here.world.call('ada', id, here.newSuite()));

    await reference.delete();
    await run();
    advanceDays(29);
    await run();
    assert.equal((await here.states())['1'], 'disabled');
    advanceDays(2);
    await run();
    assert.equal((await here.states())['1'], 'destroyed');
  });

  it('leaves a version alone that an operator has disabled for being newer than all', async () => {
    await request();
    await run();
    await here.writer.disable(keyringId, '2');
    advanceDays(80);
    await run();
    assert.deepEqual(await here.states(), { 1: 'enabled', 2: 'disabled' });
    assert.equal((await here.progress()).newest, '1');
  });
});
