import assert from 'node:assert/strict';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { type Auth, getAuth } from 'firebase-admin/auth';
import { until } from '../../../sandbox/demo/until.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { Suite } from '../../src/suite.ts';
import { type Deployed, loadDeployed } from '../harness/deployed.ts';
import { enter } from '../harness/emulated.ts';

const scheduled = { scheduleTime: new Date().toISOString(), jobName: 'test' };

/** As deployed, on the sandbox's emulators, with users of the Auth emulator. */
describe('a user is forgotten', function () {
  this.timeout(120_000);
  let deployed: Deployed;
  let suite: Suite;
  let app: ReturnType<typeof initializeApp>;
  let auth: Auth;

  before(async () => {
    deployed = await loadDeployed();
    suite = deployed.suite;
    app = initializeApp({ projectId: stack.projectId }, 'forget-legs');
    auth = getAuth(app);
  });
  after(async () => {
    await deleteApp(app);
    deployed.leave();
  });

  const connect = (uid: string) => deployed.connect(uid);
  const isGone = async (id: string) => (await suite.store.readVault(id)) === undefined;

  it('by the event of his deletion, and by the sweep where a bulk deletion fires none', async () => {
    const uids = ['leg-event', 'leg-bulk-1', 'leg-bulk-2', 'leg-stays'];
    for (const uid of uids) await auth.createUser({ uid });
    const [byEvent = '', bulk1 = '', bulk2 = '', stays = ''] = await Promise.all(uids.map(connect));
    try {
      await auth.deleteUser('leg-event');
      await until('the event', () => isGone(byEvent));

      const { successCount } = await auth.deleteUsers(['leg-bulk-1', 'leg-bulk-2']);
      assert.equal(successCount, 2);
      assert.deepEqual([await isGone(bulk1), await isGone(bulk2)], [false, false]);
      await deployed.functions.sweep.run(scheduled);
      assert.deepEqual([await isGone(bulk1), await isGone(bulk2)], [true, true]);
      assert.equal(await isGone(stays), false);
    } finally {
      await auth.deleteUsers(uids);
      await suite.forget('leg-stays');
    }
  });

  it('by himself, who stays signed in and may begin anew', async () => {
    const ada = await enter('ada');
    try {
      const ids = [await ada.connect(), await ada.connect('ada-at-work')];
      const { connections, pending } = await ada.vault.connections.forget();
      assert.ok(connections >= ids.length && pending === 0);
      assert.deepEqual(await ada.vault.connections.list(), []);
      for (const id of ids) assert.ok(await isGone(id));
      assert.deepEqual(await ada.vault.audit.list(), { records: [] });
      assert.ok(await ada.connect());
    } finally {
      await ada.leave();
    }
  });
});
