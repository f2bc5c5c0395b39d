import assert from 'node:assert/strict';
import type { PausedUntil } from '../../src/refresh/allowance.ts';
import type { Batch } from '../../src/refresh/batches.ts';
import { createRotation } from '../../src/refresh/rotation.ts';
import { shards } from '../../src/store/documents.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import {
  createPopulation,
  type Population,
  type Resident,
  residentId,
  residentShard,
} from '../harness/population.ts';
import { settingsWithRates } from '../harness/rates.ts';
import { type Cost, createWorld, type World } from '../harness/world.ts';

const minuteMs = 60_000;
/** Connections that a shard's first query reads, whosesoever they are. */
const shortestPage = 10;
const perMinute = 600;
const settings = settingsWithRates({
  acme: { perSecond: perMinute / 60 },
  bolt: { perSecond: 10 },
  slow: { perSecond: 1 },
});

interface Tick {
  readonly batches: readonly Batch[];
  readonly cost: Cost;
  ids(provider?: string): string[];
}

describe('rotation among many connections', function () {
  this.timeout(180_000);

  let world: World;
  let population: Population;
  let clock: ManualClock;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    clock = manualClock();
    population = createPopulation(world);
  });
  afterEach(() => population.leave());

  /** One run, and what it costs. */
  const tick = async (pausedUntil: PausedUntil = async () => undefined): Promise<Tick> => {
    const { store } = world.newSuite({ clock });
    const batches: Batch[] = [];
    const enqueue = async (_queue: string, data: object) =>
      void batches.push(parseRequest(batchRequest, data));
    const rotate = createRotation({ store, settings, pausedUntil, enqueue, clock });
    const cost = await world.costOf(rotate);
    const ids = (provider?: string) =>
      batches
        .filter((batch) => provider === undefined || batch.provider === provider)
        .flatMap(({ connections }) => connections.map(({ id }) => id));
    return { batches, cost, ids };
  };
  const many = (count: number, of: (n: number) => Resident) =>
    Array.from({ length: count }, (_, n) => of(n));
  /** The last query of a shard may find nothing, and the first may find what is not to be had. */
  const readsBeside = 3 * shards;

  it('reads of 20,000 the 500 that are due; and of 10,000 whose provider is paused, next to none', async () => {
    const dueNow = 500;
    const downMs = 2 * 60 * minuteMs;
    const start = clock.now();
    // 250 of each provider are due now; of acme 9,750 more in the two hours that it will be down;
    // bolt's others from then on, 40 a minute.
    const residents = many(20_000, (n) => {
      if (n < dueNow) {
        const provider = n % 8 < 4 ? 'acme' : 'bolt';
        return { provider, refreshAt: start - ((n * 7_919) % dueNow) * 1_000 };
      }
      if (n < 10_250) {
        return { provider: 'acme', refreshAt: start + 2 * minuteMs + ((n * 31) % 7_000) * 1_000 };
      }
      return { provider: 'bolt', refreshAt: start + downMs + (n - 10_249) * 1_500 };
    });
    await population.settle(residents);

    const { ids, batches, cost } = await tick();
    const expected = Array.from({ length: dueNow }, (_, n) => residentId(n));
    assert.deepEqual(ids().toSorted(), expected.toSorted());
    assert.deepEqual([batches.length, cost.writes], [6, 0]);
    assert.ok(cost.reads <= dueNow + readsBeside, JSON.stringify(cost));

    await population.refreshed(ids('bolt'), start + 30 * 24 * 60 * minuteMs);
    clock.advance(downMs);
    const pausedUntil = clock.now() + minuteMs;
    const ofAcme = async (provider: string) => (provider === 'acme' ? pausedUntil : undefined);
    const paused = await tick(ofAcme);
    assert.deepEqual([paused.ids('acme').length, paused.ids('bolt').length], [0, 40]);
    const inVain = shortestPage * shards;
    assert.ok(paused.cost.reads <= 40 + inVain + readsBeside, JSON.stringify(paused.cost));

    // Its pause is over: one connection tries, and nobody else.
    clock.advance(minuteMs);
    const probing = await tick(ofAcme);
    assert.deepEqual([probing.ids('acme').length, probing.ids('bolt').length], [1, 80]);
    assert.ok(probing.cost.reads <= 81 + inVain + readsBeside, JSON.stringify(probing.cost));
  });

  it('lets what is due later through, behind a backlog of 2,400 of another provider', async () => {
    const now = clock.now();
    await population.settle([
      ...many(2_400, (n) => ({ provider: 'acme', refreshAt: now - minuteMs - n })),
      ...many(50, (n) => ({ provider: 'bolt', refreshAt: now + n })),
    ]);
    const { batches, cost, ids } = await tick();
    assert.deepEqual([ids('acme').length, ids('bolt').length], [perMinute, 50]);
    // Neither is it behind in time: bolt's first batch is among the first two.
    assert.ok(batches.slice(0, 2).some(({ provider }) => provider === 'bolt'));
    assert.ok(
      cost.reads <= perMinute + 50 + shortestPage * shards + readsBeside,
      JSON.stringify(cost),
    );
  });

  it('takes of each shard what is due soonest, and gives it the first turns', async () => {
    const now = clock.now();
    const dueAt = (n: number) => now - ((n * 7_919) % 400) * 1_000;
    await population.settle(many(400, (n) => ({ provider: 'slow', refreshAt: dueAt(n) })));
    const numbers = (await tick()).ids('slow').map((id) => Number(/\d+/.exec(id)));
    assert.equal(numbers.length, 60);
    const soonest = Array.from({ length: 400 }, (_, n) => n).sort((a, b) => dueAt(a) - dueAt(b));
    const expected = Array.from({ length: shards }, (_, shard) =>
      soonest.filter((n) => residentShard(n) === shard).slice(0, 60 / shards),
    ).flat();
    assert.deepEqual(
      numbers,
      expected.sort((a, b) => dueAt(a) - dueAt(b)),
    );
  });

  it('is held up neither by a document that is not of our shape nor by 12 providers that are gone', async () => {
    const now = clock.now();
    await population.settle([
      ...many(120, (n) => ({ provider: `gone-${n % 12}`, refreshAt: now - 2_000 })),
      ...many(8, () => ({ provider: 'acme', refreshAt: now - 1_000 })),
    ]);
    const broken = residentId(120);
    await population.break(broken);
    const { ids } = await tick();
    assert.equal(ids().length, 7);
    assert.ok(!ids().includes(broken));
  });

  it('hands over what the other shards have where one cannot be read, and says so', async () => {
    const now = clock.now();
    await population.settle(many(40, () => ({ provider: 'acme', refreshAt: now })));
    world.meter.setIntercept(({ operation, body }) =>
      operation.name === 'runQuery' && JSON.stringify(body).includes('"integerValue":"2"')
        ? { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } }
        : undefined,
    );
    const { store } = world.newSuite({ clock });
    const handed: string[] = [];
    const rotate = createRotation({
      store,
      settings,
      clock,
      pausedUntil: async () => undefined,
      enqueue: async (_queue, data) => {
        const { connections } = parseRequest(batchRequest, data);
        handed.push(...connections.map(({ id }) => id));
      },
    });
    await assert.rejects(rotate(), { code: 'unavailable' });
    assert.equal(handed.length, 30);
    world.meter.setIntercept(undefined);
    assert.equal((await tick()).ids().length, 40);
  });
});
