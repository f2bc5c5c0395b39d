import assert from 'node:assert/strict';
import { dayMs } from '../../functions/src/platform/durations.ts';
import type { Batch } from '../../functions/src/refresh/batches.ts';
import { shards } from '../../functions/src/store/documents.ts';
import type { Suite } from '../../functions/src/suite.ts';
import { batchRequest, parseRequest } from '../../functions/src/triggers/requests.ts';
import { limitedSuite } from '../../functions/test/harness/limits.ts';
import { type Cost, createWorld, type World } from '../../functions/test/harness/world.ts';
import { counted } from '../operations.ts';

const lifetimeSeconds = 3_600;

/** `npm run count`: what docs/scale.md reckons with, counted with the real parts. */
describe('what the scale plan reckons with is what Firestore is asked', function () {
  this.timeout(120_000);
  let world: World;
  let handed: Batch[];
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    handed = [];
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
  });

  const suiteWith = (rotate: Parameters<typeof limitedSuite>[1]['rotate'] = {}) =>
    limitedSuite(
      world,
      { rotate: { perSecond: 1_000, ...rotate } },
      {
        enqueue: async (queue, data) => {
          assert.equal(queue, 'refreshBatch');
          handed.push(parseRequest(batchRequest, data));
        },
      },
    );
  /** What the trigger of `rotateTokens` does. */
  const run = (suite: Suite) =>
    world.costOf(() => Promise.all([suite.rotate(), suite.handOverEvents()]));
  const connect = async (count: number, suite: Suite) => {
    for (let n = 0; n < count; n += 1) await world.connect(`user-${n}`, { suite });
  };
  const sum = (...costs: readonly Cost[]): Cost => ({
    reads: costs.reduce((total, { reads }) => total + reads, 0),
    writes: costs.reduce((total, { writes }) => total + writes, 0),
  });
  const times = (cost: Cost, count: number): Cost => ({
    reads: cost.reads * count,
    writes: cost.writes * count,
  });

  it('a run with nothing due', async () => {
    const suite = suiteWith();
    await connect(2, suite);
    assert.deepEqual(await run(suite), counted.idleRun);
  });

  it('a run with connections due, and the tasks that refresh them', async () => {
    const many = 12;
    const suite = suiteWith();
    await connect(many, suite);
    world.clock.advance((lifetimeSeconds - 600) * 1_000);
    const cost = await run(suite);
    assert.equal(handed.flatMap(({ connections }) => connections).length, many);
    // A shard that has something due costs no read for being asked.
    const most = sum(counted.idleRun, counted.providerInRun, times(counted.handedOver, many));
    assert.equal(cost.writes, most.writes);
    assert.ok(cost.reads <= most.reads && cost.reads >= most.reads - shards, String(cost.reads));

    const processor = process.cpuUsage();
    const refreshing = await world.costOf(async () => {
      for (const batch of handed) await suite.refreshBatch(batch);
    });
    const { user, system } = process.cpuUsage(processor);
    const expected = sum(times(counted.batch, handed.length), times(counted.refresh, many));
    assert.deepEqual(refreshing, expected);
    const processorMs = (user + system) / 1_000 / many;
    console.log(
      `      processor time per refresh, provider and meter included: ${processorMs.toFixed(1)} ms`,
    );
  });

  it('a refresh for a caller', async () => {
    const suite = suiteWith();
    const { id } = await world.connect('ada', { suite });
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    assert.deepEqual(await world.costOf(() => world.call('ada', id, suite)), counted.refresh);
  });

  it('a note of use, beside the read of the call', async () => {
    world.provider.updateSettings({ accessTokenSeconds: 20 * 86_400 });
    const suite = suiteWith({ policy: 'used' });
    const { id } = await world.connect('ada', { suite });
    world.clock.advance(dayMs + 1);
    const cost = await world.costOf(() => world.call('ada', id, world.newSuite()));
    assert.deepEqual(cost, sum({ reads: 1, writes: 0 }, counted.note));
  });
});
