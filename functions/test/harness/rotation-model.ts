import assert from 'node:assert/strict';
import { unavailable } from '../../src/errors.ts';
import { rotationPeriodMs } from '../../src/refresh/allowance.ts';
import type { Batch } from '../../src/refresh/batches.ts';
import type { FreshTokenSet } from '../../src/refresh/engine.ts';
import { createRefreshBatch } from '../../src/refresh/refresh-batch.ts';
import { createRotation } from '../../src/refresh/rotation.ts';
import type { ConnectionStore } from '../../src/store/connection-store.ts';
import { shards } from '../../src/store/documents.ts';
import type { DueConnection } from '../../src/store/due-store.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { settingsWithRates } from './rates.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** What the task queue does with a batch: when each copy of it comes, in milliseconds after its time. */
export type Delivery = (n: number) => readonly number[];

interface Resident {
  readonly provider: string;
  /** In milliseconds from the start. */
  readonly dueInMs: number;
}

interface Connection extends DueConnection {
  generation: number;
  refreshAt: number;
  isLeased: boolean;
}

const lifetimeMs = 24 * 60 * 60_000;
const answerMs = 300;

/** The rotation and its batches, the real ones, in a time of their own; all around them is a model. */
export function createRotationModel(
  rates: Parameters<typeof settingsWithRates>[0],
  residents: readonly Resident[],
) {
  const clock = createVirtualClock();
  const startedAt = clock.now();
  const settings = settingsWithRates(rates);
  const connections = residents.map(
    ({ provider, dueInMs }, n): Connection => ({
      id: `resident-${n}`.padEnd(22, '-'),
      provider,
      generation: 1,
      refreshAt: startedAt + dueInMs,
      isLeased: false,
    }),
  );
  const byId = new Map(connections.map((connection) => [connection.id, connection]));
  const requests: { readonly atMs: number; readonly id: string; readonly provider: string }[] = [];
  const handedOver: Record<string, number>[] = [];
  const common = { settings, clock, pausedUntil: async () => undefined };

  const store: Pick<ConnectionStore, 'listDue'> = {
    async *listDue(shard, dueUntil, nextPage) {
      let rest = connections
        .filter(({ refreshAt }, n) => n % shards === shard && refreshAt <= dueUntil)
        .sort((one, other) => one.refreshAt - other.refreshAt)
        .map((found): DueConnection => ({ ...found }));
      for (;;) {
        const { limit, without } = nextPage();
        const wanted = rest.filter(({ provider }) => !without.includes(provider));
        yield wanted.slice(0, limit);
        if (wanted.length < limit) return;
        rest = wanted.slice(limit);
      }
    },
  };

  /** What the engine guarantees: one request per generation, and no other meanwhile. */
  const fresh: FreshTokenSet = async ({ connectionId, newerThan = 0 }) => {
    const found = byId.get(connectionId);
    assert.ok(found);
    const { id, provider } = found;
    await clock.sleep(10);
    if (found.isLeased) throw unavailable('provider');
    if (found.generation <= newerThan) {
      found.isLeased = true;
      requests.push({ atMs: clock.now() - startedAt, id, provider });
      await clock.sleep(answerMs);
      found.isLeased = false;
      found.generation += 1;
      found.refreshAt = clock.now() + lifetimeMs;
    }
    const tokenSet = { accessToken: 'token', tokenType: 'Bearer', scopes: [], obtainedAt: 0 };
    const { generation } = found;
    return { tokenSet, generation, uid: 'nobody', provider: await settings.provider(provider) };
  };
  const postpone = async () => assert.fail('There is no defect here.');
  const refreshBatch = createRefreshBatch({ ...common, store: { postpone }, fresh });

  return {
    connections,
    /** Every token request, in its order. */
    requests,
    /** How many connections each minute's runs have handed over, by provider. */
    handedOver,

    /** Lets so many runs begin a minute apart, that many at once each time, and waits for all tasks. */
    run(runs: number, delivery: Delivery, atOnce = 1): Promise<void> {
      const tasks: Promise<void>[] = [];
      let batches = 0;
      const deliver = async (batch: Batch, afterMs: number) => {
        await clock.sleep(afterMs);
        await refreshBatch(batch);
      };
      const enqueue = async (_queue: string, data: object, options?: { delaySeconds?: number }) => {
        const batch = parseRequest(batchRequest, data);
        const counts = handedOver.at(-1) ?? {};
        counts[batch.provider] = (counts[batch.provider] ?? 0) + batch.connections.length;
        const delayMs = (options?.delaySeconds ?? 0) * 1_000;
        for (const lateMs of delivery(batches)) tasks.push(deliver(batch, delayMs + lateMs));
        batches += 1;
      };
      const rotate = createRotation({ ...common, store, enqueue });
      const minutes = async () => {
        for (let n = 0; n < runs; n += 1) {
          handedOver.push({});
          const next = clock.sleep(rotationPeriodMs);
          await Promise.all(Array.from({ length: atOnce }, rotate));
          await next;
        }
        await Promise.all(tasks);
      };
      return clock.run(minutes());
    },

    /** The most requests to a provider within any time that long. */
    mostWithin(provider: string, lengthMs: number): number {
      const times = requests.filter((request) => request.provider === provider);
      let most = 0;
      let first = 0;
      for (const [last, { atMs }] of times.entries()) {
        while ((times[first]?.atMs ?? atMs) <= atMs - lengthMs) first += 1;
        most = Math.max(most, last - first + 1);
      }
      return most;
    },
  };
}
