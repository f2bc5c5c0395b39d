import assert from 'node:assert/strict';
import { revokingMs } from '../../src/connections/end/revoke-later.ts';
import type { RevocationShape } from '../../src/providers/wire-schema.ts';
import { pathsIn, recordsIn } from '../harness/audit.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const ownWay: RevocationShape = {
  method: 'POST',
  by: 'client',
  format: 'form',
  tokens: ['refresh_token'],
  parameters: { token: '{token}', of: '{scope}', key: '{client_secret}' },
  headers: { 'x-of': '{scope}' },
  gone: [],
};
const down = { endpoint: 'revocation', status: 503, times: 1_000 } as const;

describe('disconnecting', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  /** A connection that was ended while its provider gave no answer; its task waits. */
  const endWhileDown = async (): Promise<string> => {
    const { id } = await world.connect('ada');
    world.provider.addFault(down);
    const outcome = await world.suite.disconnect(ada, id);
    assert.deepEqual(outcome, { revoked: false, pending: true });
    return id;
  };

  it('is possible also where the provider has left the settings, and says that the grant lives', async () => {
    const { id } = await world.connect('ada');
    world.publish(({ app }) => ({ app, providers: {} }));
    const suite = world.newSuite();
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: false });
    assert.deepEqual(await pathsIn(world), []);
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'grant_not_revoked');
    assert.deepEqual([record.connectionId, record.reason], [id, 'provider_unknown']);
  });

  it('deletes at once while the provider is down, and revokes when it is back', async () => {
    await endWhileDown();
    assert.deepEqual(await pathsIn(world), []);
    assert.equal(liveGrantsOf(world, 'ada').length, 1);
    await refuses('unavailable', world.runTasks(), { dependency: 'provider' });
    world.provider.clearFaults();
    await world.runTasks();
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.deepEqual(await recordsIn(world, 'ada'), []);
  });

  it('revokes in the way that the data tells, later as at once, with what is kept of the connection', async () => {
    world.publish(({ app, providers }) => {
      const { 'sandbox-oauth2': oauth2 } = providers;
      assert.ok(oauth2?.kind === 'oauth2');
      const own = { ...oauth2, keep: ['scope'], revocation: ownWay };
      return { app, providers: { ...providers, 'sandbox-oauth2': own } };
    });
    const suite = world.newSuite();
    const options = { suite, provider: 'sandbox-oauth2' };
    const { id } = await world.connect('ada', options);
    assert.deepEqual(await suite.disconnect(ada, id), { revoked: true });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);

    const { id: second } = await world.connect('ada', options);
    world.provider.addFault(down);
    const pending = { revoked: false, pending: true };
    assert.deepEqual(await suite.disconnect(ada, second), pending);
    world.provider.clearFaults();
    await world.runTasks({ suite });
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    assert.deepEqual(await recordsIn(world, 'ada'), []);
  });

  it('hands over nothing that can be read: no token and no user', async () => {
    const { id } = await world.connect('ada');
    const { accessToken } = await releasedToken(id);
    world.provider.addFault(down);
    await world.suite.disconnect(ada, id);
    const [task] = world.tasks;
    assert.ok(task?.queue === 'revokeGrant');
    const text = JSON.stringify(task.data);
    const parts = text.split(/["\\.]/).map((part) => Buffer.from(part, 'base64url').toString());
    for (const said of [text, ...parts]) {
      assert.ok(!said.includes(accessToken));
      assert.ok(!said.includes('"ada"'), said);
    }
    assert.ok(parts.some((part) => part.includes('grantToRevoke')));
  });

  it('leaves a record of a grant that could not be revoked for a week', async () => {
    const id = await endWhileDown();
    await errorOf(world.runTasks());
    world.clock.advance(revokingMs);
    await world.runTasks();
    assert.deepEqual(world.tasks, []);
    const [record, ...others] = await recordsIn(world, 'ada');
    assert.deepEqual(others, []);
    assert.ok(record?.type === 'grant_not_revoked');
    assert.deepEqual([record.connectionId, record.reason], [id, 'unavailable']);
  });

  it('revokes no grant that its user has given anew meanwhile', async () => {
    await endWhileDown();
    world.clock.advance(1_000);
    const { id } = await world.connect('ada');
    world.provider.clearFaults();
    world.provider.resetCounters();
    await world.runTasks();
    assert.equal(world.provider.counters().revocations, 0);
    assert.equal(await world.call('ada', id), 200);
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'grant_not_revoked' && record.reason === 'reconnected');
  });

  it('deletes nothing where neither the provider nor a task queue can be had', async () => {
    const { id } = await world.connect('ada');
    const suite = world.newSuite({ enqueue: () => Promise.reject(new Error('down')) });
    world.provider.addFault(down);
    await refuses('unavailable', suite.disconnect(ada, id), { dependency: 'task-queue' });
    world.provider.clearFaults();
    assert.equal(await world.call('ada', id), 200);
  });

  it('revokes nothing where its deletion did not come to pass after all', async () => {
    const { id } = await world.connect('ada');
    world.provider.addFault(down);
    world.meter.setIntercept(({ operation, body }) =>
      operation.name === 'commit' && /"delete"/.test(JSON.stringify(body))
        ? { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } }
        : undefined,
    );
    await refuses('unavailable', world.suite.disconnect(ada, id), { dependency: 'firestore' });
    world.meter.setIntercept(undefined);
    world.provider.clearFaults();
    await refuses('unavailable', world.runTasks(), { dependency: 'firestore' });
    world.clock.advance(10 * 60_000);
    await world.runTasks();
    assert.equal(liveGrantsOf(world, 'ada').length, 1);
    assert.ok(await world.vault(id));
  });

  it('writes a forged task down and does not try it again', async () => {
    const id = await endWhileDown();
    const [task] = world.tasks;
    assert.ok(task);
    const forged = { ...Object(task.data), connectionId: `${id.slice(0, -1)}_` };
    await world.suite.revokeGrant(forged);
    const types = (await recordsIn(world, null)).map(({ type }) => type).sort();
    assert.deepEqual(types, ['grant_not_revoked', 'tampering']);
  });

  const releasedToken = async (id: string) => {
    world.publish(({ providers, ...settings }) => ({
      ...settings,
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, provider]) => [
          name,
          { ...provider, allowTokenRelease: true },
        ]),
      ),
    }));
    return world.newSuite().token(ada, id, world.clock.now() + 10_000);
  };
});
