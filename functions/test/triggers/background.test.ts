import assert from 'node:assert/strict';
import { join } from 'node:path';
import functionsTest from 'firebase-functions-test';
import { until } from '../../../sandbox/demo/until.ts';
import { functionEnvironment } from '../../../sandbox/launch/environment.ts';
import { root } from '../../../sandbox/launch/paths.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { authorizationIdOf } from '../../src/connections/begin.ts';
import type { Suite } from '../../src/suite.ts';

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
  const inherited = { ...process.env };
  let tools: ReturnType<typeof functionsTest>;
  let deployed: typeof import('../../src/index.ts');
  let suite: Suite;

  before(async () => {
    Object.assign(process.env, functionEnvironment(stack));
    process.loadEnvFile(join(root, 'functions/.env.local'));
    tools = functionsTest({ projectId: stack.projectId });
    deployed = await import('../../src/index.ts');
    suite = (await import('../../src/triggers/suite.ts')).suite();
  });

  after(() => {
    tools.cleanup();
    for (const name of Object.keys(process.env)) {
      if (!(name in inherited)) delete process.env[name];
    }
    Object.assign(process.env, inherited);
  });

  const connect = async (uid: string): Promise<string> => {
    const { authorizationUrl, state } = await suite.begin({ uid }, { provider: 'sandbox' });
    const told = await authorize({ authorizationUrl, account: uid, decision: 'allow' });
    const { id } = await suite.complete({ uid }, { state, ...Object.fromEntries(told) });
    return id;
  };
  const generationOf = async (id: string) => (await suite.store.readVault(id))?.document.generation;

  it('forgetUser ends every connection of a deleted user and nobody else’s', async () => {
    const [one, two, other] = [await connect('gone'), await connect('gone'), await connect('here')];
    const user = tools.auth.makeUserRecord({ uid: 'gone' });
    await tools.wrap(deployed.forgetUser)(user);
    assert.deepEqual(await suite.list({ uid: 'gone' }), []);
    assert.deepEqual([await generationOf(one), await generationOf(two)], [undefined, undefined]);
    assert.equal(await generationOf(other), 1);
    // The event may come twice.
    await tools.wrap(deployed.forgetUser)(user);
    await suite.disconnect({ uid: 'here' }, other);
  });

  it('refreshBatch refreshes what is still of the generation that was due, once', async () => {
    const id = await connect('due');
    const batch = dispatched({
      provider: 'sandbox',
      connections: [{ id, generation: 1 }],
      startAt: Date.now(),
    });
    await deployed.refreshBatch.run(batch);
    await deployed.refreshBatch.run(batch);
    assert.equal(await generationOf(id), 2);
    await suite.disconnect({ uid: 'due' }, id);
  });

  it('refreshBatch refuses what is not a batch', async () => {
    const connections = [{ id: '../x', generation: 1 }];
    for (const data of [undefined, {}, { provider: 'sandbox', startAt: 1, connections }]) {
      await assert.rejects(async () => deployed.refreshBatch.run(dispatched(data)), {
        code: 'invalid_argument',
      });
    }
  });

  it('rotateTokens refreshes what is due, through the task queue, with no caller', async () => {
    const id = await connect('rotating');
    const found = await suite.store.readVault(id);
    assert.ok(found);
    await suite.store.update(found, { refreshAt: Date.now() });
    await deployed.rotateTokens.run(scheduled);
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
    await deployed.sweep.run(scheduled);
    assert.equal(await generationOf(id), undefined);
    assert.equal(await suite.store.readAuthorization('an-old-one'), undefined);
    assert.ok(await suite.store.readAuthorization(stale.id));
  });
});
