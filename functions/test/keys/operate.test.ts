import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { Firestore } from '../clients.ts';
import { runCommand } from '../harness/command.ts';
import { openDatabase } from '../harness/database.ts';
import { enter, type User } from '../harness/emulated.ts';

/** By the functions as they are deployed: schedule, task queue, Secret Manager. */
describe('npm run keys', function () {
  this.timeout(180_000);
  let db: Firestore;
  let user: User;
  let id: string;
  before(async () => {
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, stack.projectId);
    user = await enter('ada');
    id = await user.connect();
  });
  after(async () => {
    await user.leave();
    await db.terminate();
  });

  const run = (...args: string[]) => runCommand('keys.ts', args, withoutAccounts(process.env));
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const refused = async (code: number, why: RegExp, ...args: string[]) => {
    const output = await run(...args);
    assert.equal(output.code, code, output.stderr);
    assert.match(output.stderr, why);
  };
  const keyVersion = async () => (await db.doc(`strongroomVault/${id}`).get()).get('keyVersion');
  const works = async () => {
    const request = { connectionId: id, method: 'GET', path: '/me' } as const;
    assert.equal((await user.vault.connections.call(request)).status, 200);
  };

  it('rotates at once and has everything sealed anew, while the connection works', async () => {
    const old = String(await keyVersion());
    assert.match(await ok('status'), new RegExp(`^${old} +enabled +\\S+ +\\d+ +seals$`, 'm'));
    await refused(1, /seals\. First/, 'disable', old);

    const newest = String(Number(old) + 1);
    assert.match(await ok('rotate', '--now'), new RegExp(`^${newest} +enabled .* seals$`, 'm'));
    await until('the document to be sealed anew', async () => (await keyVersion()) === newest);
    await works();
    await until('all to be sealed anew', async () =>
      new RegExp(`^${old} +enabled +\\S+ +0 +is disabled from`, 'm').test(await ok('status')),
    );
    await refused(1, /may still carry/, 'disable', old);

    await db.doc(`strongroomVault/${id}`).update({ keyVersion: old });
    await refused(1, /1 documents are sealed/, 'disable', old);
    await refused(1, /1 documents are sealed/, 'disable', old, '--now');
    await db.doc(`strongroomVault/${id}`).update({ keyVersion: newest });

    assert.match(await ok('disable', old, '--now'), /is disabled/);
    assert.match(await ok('disable', old, '--now'), /is disabled already/);
    assert.match(await ok('status'), new RegExp(`^${old} +disabled `, 'm'));
    await works();

    const { versions, progress } = JSON.parse(await ok('status', '--json'));
    assert.equal(progress.newest, newest);
    assert.equal(versions.at(-1).isNewest, true);
  });

  it('does nothing that it was not told to', async () => {
    await refused(2, /Usage/);
    await refused(2, /Usage/, 'shred');
    await refused(2, /Usage/, 'disable');
    await refused(2, /Usage/, 'status', '1');
    await refused(2, /For an incident/, 'rotate');
    await refused(2, /no such version/, 'disable', '999');
  });
});
