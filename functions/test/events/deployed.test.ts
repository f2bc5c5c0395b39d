import assert from 'node:assert/strict';
import { until } from '../../../sandbox/demo/until.ts';
import { functionEnvironment } from '../../../sandbox/launch/environment.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { createOutbox } from '../../src/events/outbox.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { enqueueTask } from '../../src/platform/tasks.ts';
import { isEvent } from '../../src/store/companions.ts';
import { addEvents, createEventStore } from '../../src/store/event-store.ts';
import { openDatabase } from '../harness/database.ts';

/** The settings of the running sandbox name no sink: what comes there is put off. */
describe('deliverEvents as deployed', function () {
  this.timeout(60_000);
  const inherited = { ...process.env };
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, stack.projectId);
  const store = createEventStore(db);
  const subject = { connectionId: 'deployed', uid: 'ada', provider: 'sandbox', events: 0 };

  before(() => {
    Object.assign(process.env, functionEnvironment(stack));
  });
  after(async () => {
    for (const name of Object.keys(process.env)) {
      if (!(name in inherited)) delete process.env[name];
    }
    Object.assign(process.env, inherited);
    await db.recursiveDelete(db.collection('strongroomEvents'));
    await db.terminate();
  });

  it('takes up a lane that the task queue hands it', async () => {
    const events = { webhook: { url: 'https://backend.example/', secrets: [] } };
    const app = { redirectUri: '', returnTo: [] };
    const outbox = createOutbox({
      settings: { read: async () => ({ app, providers: {}, events }) },
      clock: systemClock,
      enqueue: enqueueTask,
    });
    const recorded = (await outbox.open()).connection(subject, { type: 'recovered' });
    const documents = recorded.documents.filter(isEvent);
    const batch = db.batch();
    addEvents(db, batch, documents);
    await batch.commit();
    await outbox.handOver(documents);

    const read = async () => (await store.read(documents.map(({ id }) => id)))[0]?.document;
    await until('the attempt', async () => (await read())?.lastFailure != null);
    const { state, attempts, lastFailure } = (await read()) ?? {};
    const expected = { state: 'pending', attempts: 1, lastFailure: 'no_such_sink' };
    assert.deepEqual({ state, attempts, lastFailure }, expected);
  });

  it('refuses what is not a list of lanes', async () => {
    const url = stack.urls.callable.replace('{name}', 'deliverEvents');
    for (const data of [null, {}, { lanes: ['../x'] }, { lanes: 'c1_webhook' }]) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-cloudtasks-queuename': 'deliverEvents',
          'x-cloudtasks-taskname': 'test',
        },
        body: JSON.stringify({ data }),
      });
      assert.equal(answer.ok, false, JSON.stringify(data));
    }
  });
});
