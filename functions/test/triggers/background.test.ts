import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { authorizationIdOf } from '../../src/connections/authorize/remember.ts';
import type { Suite } from '../../src/suite.ts';
import { type Deployed, loadDeployed } from '../harness/deployed.ts';

/** firebase-functions-test wraps neither schedules nor tasks; `run` is what it would call. */
const scheduled = { scheduleTime: new Date().toISOString(), jobName: 'test' };
const dispatched = (data: unknown) => ({
  data,
  id: 'test',
  queueName: 'refreshBatch',
  retryCount: 0,
  executionCount: 0,
  scheduledTime: scheduled.scheduleTime,
});

/** The functions that nobody calls over HTTP, as deployed, on the sandbox's emulators. */
describe('the background functions', function () {
  this.timeout(60_000);
  let deployed: Deployed;
  let suite: Suite;

  before(async () => {
    deployed = await loadDeployed();
    suite = deployed.suite;
  });

  after(() => {
    deployed.leave();
  });

  const connect = (uid: string) => deployed.connect(uid);
  const generationOf = async (id: string) => (await suite.store.readVault(id))?.document.generation;

  it('forgetUser ends every connection of a deleted user and nobody else’s', async () => {
    const [one, two, other] = [await connect('gone'), await connect('gone'), await connect('here')];
    const user = deployed.tools.auth.makeUserRecord({ uid: 'gone' });
    await deployed.tools.wrap(deployed.functions.forgetUser)(user);
    assert.deepEqual(await suite.list({ uid: 'gone' }), []);
    assert.deepEqual([await generationOf(one), await generationOf(two)], [undefined, undefined]);
    assert.equal(await generationOf(other), 1);
    // The event may come twice.
    await deployed.tools.wrap(deployed.functions.forgetUser)(user);
    await suite.disconnect({ uid: 'here' }, other);
  });

  it('refreshBatch refreshes what is still of the generation that was due, once', async () => {
    const id = await connect('due');
    const batch = dispatched({
      provider: 'sandbox',
      connections: [{ id, generation: 1 }],
      startAt: Date.now(),
    });
    await deployed.functions.refreshBatch.run(batch);
    await deployed.functions.refreshBatch.run(batch);
    assert.equal(await generationOf(id), 2);
    await suite.disconnect({ uid: 'due' }, id);
  });

  it('refreshBatch refuses what is not a batch', async () => {
    const connections = [{ id: '../x', generation: 1 }];
    for (const data of [undefined, {}, { provider: 'sandbox', startAt: 1, connections }]) {
      await assert.rejects(async () => deployed.functions.refreshBatch.run(dispatched(data)), {
        code: 'invalid_argument',
      });
    }
  });

  it('rotateTokens refreshes what is due, through the task queue, with no caller', async () => {
    const id = await connect('rotating');
    const found = await suite.store.readVault(id);
    assert.ok(found);
    await suite.store.update(found, { refreshAt: Date.now() });
    await deployed.functions.rotateTokens.run(scheduled);
    await until('the task', async () => (await generationOf(id)) !== 1);
    assert.equal(await generationOf(id), 2);
    await suite.disconnect({ uid: 'rotating' }, id);
  });

  it('sweep ends the connections of users whom Firebase Auth no longer knows, and old authorizations', async () => {
    const id = await connect('never-in-firebase-auth');
    const { state } = await suite.begin({ uid: 'slow' }, { provider: 'sandbox' });
    const stale = await suite.store.readAuthorization(authorizationIdOf(state));
    assert.ok(stale);
    const old = { ...stale.document, expiresAt: 1, deleteAt: 1 };
    await suite.store.createAuthorization('an-old-one', old);
    await deployed.functions.sweep.run(scheduled);
    assert.equal(await generationOf(id), undefined);
    assert.equal(await suite.store.readAuthorization('an-old-one'), undefined);
    assert.ok(await suite.store.readAuthorization(stale.id));
  });
});
