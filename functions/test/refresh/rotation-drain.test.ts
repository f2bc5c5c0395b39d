import assert from 'node:assert/strict';
import { createRotationModel, type Delivery } from '../harness/rotation-model.ts';

const minuteMs = 60_000;
const perSecond = 10;
const rates = { acme: { perSecond }, bolt: { perSecond: 2 } };
/** What came due in the two hours that acme was down. */
const backlog = 10_000;
const boltsPerMinute = 40;
const runs = 25;

/** Any number that looks like chance, the same in every run. */
const dice = (n: number, sides: number) => (n * 7_919 + 104_729) % sides;

const queues: readonly [title: string, delivery: Delivery, runsAtOnce: number][] = [
  ['each task at its time', () => [0], 1],
  ['tasks up to 4 s late and out of order', (n) => [dice(n, 4_000)], 1],
  ['each task twice', (n) => [0, dice(n, 2_000)], 1],
  ['two runs at once, each task twice', () => [0, 50], 2],
];

describe('the backlog of a provider that was down for two hours', () => {
  for (const [title, delivery, runsAtOnce] of queues) {
    it(`drains at the provider’s rate, at nobody’s cost: ${title}`, async () => {
      const residents = [
        ...Array.from({ length: backlog }, (_, n) => ({
          provider: 'acme',
          dueInMs: -dice(n, 120 * 60) * 1_000,
        })),
        ...Array.from({ length: boltsPerMinute * runs }, (_, n) => ({
          provider: 'bolt',
          dueInMs: (n * minuteMs) / boltsPerMinute,
        })),
      ];
      const model = createRotationModel(rates, residents);
      await model.run(runs, delivery, runsAtOnce);

      // One request each, and none is left.
      assert.equal(model.requests.length, residents.length);
      assert.equal(new Set(model.requests.map(({ id }) => id)).size, residents.length);

      // No run hands over more than the provider takes in a minute, and each run's work is done.
      const handedOver = model.handedOver.map(({ acme = 0 }) => acme / runsAtOnce);
      assert.ok(Math.max(...handedOver) <= perSecond * 60, handedOver.join());
      const drainedAtMs = Math.max(
        ...model.requests.filter(({ provider }) => provider === 'acme').map(({ atMs }) => atMs),
      );
      const atBestMs = (backlog / perSecond) * 1_000;
      assert.ok(drainedAtMs <= atBestMs * 1.1, `${drainedAtMs / 1_000} s`);

      // No stampede: not in ten seconds, and not in any one.
      const [inTen, inOne] = [10_000, 1_000].map((lengthMs) => model.mostWithin('acme', lengthMs));
      assert.ok(Number(inTen) <= 1.1 * perSecond * 10, `${inTen} in ten seconds`);
      assert.ok(Number(inOne) <= 1.3 * perSecond, `${inOne} in a second`);

      // bolt's are refreshed within a minute of their time, as if acme were not there.
      for (const { id, provider, atMs } of model.requests) {
        const dueInMs = residents[Number(/\d+/.exec(id))]?.dueInMs ?? 0;
        if (provider === 'bolt') assert.ok(atMs <= dueInMs + minuteMs, `${id}: ${atMs} ms`);
      }
    });
  }

  it('is no stampede either where all tasks of an hour come at once', async () => {
    const residents = Array.from({ length: backlog }, () => ({ provider: 'acme', dueInMs: 0 }));
    const model = createRotationModel(rates, residents);
    // The queue stands still for an hour, then gives all that it has been given.
    let waiting = 0;
    const batchesPerRun = (perSecond * 60) / 100;
    await model.run(61, () => {
      const run = Math.floor(waiting / batchesPerRun);
      waiting += 1;
      const afterStartMs = run * minuteMs + ((waiting - 1) % batchesPerRun) * 10_000;
      return [Math.max(0, 60 * minuteMs - afterStartMs)];
    });
    const { requests } = model;
    assert.equal(new Set(requests.map(({ id }) => id)).size, requests.length);
    const [inMinute, inSecond] = [minuteMs, 1_000].map((lengthMs) =>
      model.mostWithin('acme', lengthMs),
    );
    // The first of each, and what those of the last half minute still do at their own pace.
    assert.ok(Number(inMinute) >= 100 && Number(inMinute) <= perSecond * 60, `${inMinute}`);
    assert.ok(Number(inSecond) <= 5 * perSecond, `${inSecond} in a second`);
  });
});
