import assert from 'node:assert/strict';
import type { Interception } from '../../../sandbox/firestore-meter/meter.ts';
import { createEventWorld, type EventWorld, noDeadline } from './event-world.ts';

const unavailable = {
  status: 503,
  body: { error: { code: 503, status: 'UNAVAILABLE', message: 'for a test' } },
};
const refused = {
  status: 403,
  body: { error: { code: 403, status: 'PERMISSION_DENIED', message: 'for a test' } },
};
const faults: readonly [what: string, fault: Interception][] = [
  ['is cut before it arrives', { drop: 'before' }],
  ['takes effect and its answer is lost', { drop: 'after' }],
  ['is refused for now', unavailable],
  ['is refused', refused],
];

/** The steps of a delivery, by what goes to the database for each. */
const steps: readonly [what: string, operation: RegExp, nth: number][] = [
  ['the first read of a lane', /query/i, 1],
  ['the claim', /commit/, 1],
  ['the mark of what was delivered', /commit/, 2],
  ['the read of the next', /query/i, 2],
  ['the claim of the next', /commit/, 3],
];

describe('events while Firestore fails', function () {
  this.timeout(120_000);
  let events: EventWorld;
  before(async () => {
    events = await createEventWorld();
  });
  after(() => events.stop());
  beforeEach(() => events.reset());

  for (const [step, operation, nth] of steps) {
    for (const [what, fault] of faults) {
      it(`are all delivered, in order, where ${step} ${what}`, async () => {
        const { world, receiver } = events;
        const suite = events.newSuite();
        await events.emit('c1', 3);
        let seen = 0;
        let hit = false;
        world.meter.setIntercept(({ operation: { name } }) => {
          if (!operation.test(name)) return undefined;
          seen += 1;
          if (seen !== nth) return undefined;
          hit = true;
          return fault;
        });
        await suite.deliverEvents(['c1_webhook'], noDeadline);
        assert.ok(hit, 'The fault met nothing.');
        world.meter.setIntercept(undefined);
        for (let minute = 0; minute < 3; minute += 1) await events.tick(suite);

        const firsts = receiver.firsts().map(({ data }) => data['sequence']);
        assert.deepEqual(firsts, [1, 2, 3]);
        assert.ok(receiver.deliveries.length <= 4, 'Only what was under way may come twice.');
        assert.deepEqual([...new Set(Object.values(await events.states(suite)))], ['delivered']);
      });
    }
  }

  for (const [what, fault] of faults.slice(0, 2)) {
    it(`tell once of a disconnect whose commit ${what}`, async () => {
      const { world, receiver } = events;
      const suite = events.newSuite();
      const { id } = await world.connect('ada', { suite });
      let left = 1;
      world.meter.setIntercept(({ operation, body }) => {
        if (operation.name !== 'commit' || !JSON.stringify(body).includes('"delete"'))
          return undefined;
        left -= 1;
        return left === 0 ? fault : undefined;
      });
      await suite.disconnect({ uid: 'ada' }, id);
      assert.ok(left <= 0, 'The fault met nothing.');
      world.meter.setIntercept(undefined);
      for (let minute = 0; minute < 3; minute += 1) await events.tick(suite);
      assert.deepEqual(
        receiver.deliveries.map(({ type, data }) => [type, data['sequence']]),
        [
          ['connected', 1],
          ['disconnected', 2],
        ],
      );
    });
  }

  it('tell of nothing that did not happen: the commit is refused with its event', async () => {
    const { world, receiver } = events;
    const suite = events.newSuite();
    const { id } = await world.connect('ada', { suite });
    await events.runTasks(suite);
    world.meter.setIntercept(({ operation, body }) =>
      operation.name === 'commit' && JSON.stringify(body).includes('"delete"')
        ? refused
        : undefined,
    );
    await assert.rejects(suite.disconnect({ uid: 'ada' }, id));
    world.meter.setIntercept(undefined);
    await events.tick(suite);
    assert.deepEqual(
      receiver.deliveries.map(({ type }) => type),
      ['connected'],
    );
    assert.equal((await world.vault(id)).status, 'active');
  });
});
