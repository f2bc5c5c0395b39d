import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createEventWorld, type EventWorld, noDeadline } from './event-world.ts';
import type { Answer } from './receiver.ts';

const connections = 50;
const rounds = 3;
const perRound = 40;
const minuteMs = 60_000;
const answers: readonly Answer[] = [
  204,
  204,
  204,
  500,
  'drop',
  { status: 503, headers: { 'retry-after': '1' } },
];

describe('the order of events', function () {
  this.timeout(180_000);
  let events: EventWorld;
  before(async () => {
    events = await createEventWorld();
  });
  after(() => events.stop());
  beforeEach(() => events.reset());

  it('holds for each of 50 connections, whatever fails, and nothing is lost', async () => {
    const { receiver } = events;
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.nat(answers.length - 1)),
        fc.infiniteStream(fc.nat(connections - 1)),
        async (fates, picks) => {
          await events.reset();
          const suites = [events.newSuite(), events.newSuite()];
          const [suite, other] = suites;
          assert.ok(suite !== undefined && other !== undefined);
          receiver.answerWith(() => answers[fates.next().value ?? 0] ?? 204);
          const emitted = new Map<string, number>();
          for (let round = 0; round < rounds; round += 1) {
            const chosen = new Set(Array.from({ length: perRound }, () => picks.next().value));
            const before = [...chosen].map((i) => [`c${i}`, emitted.get(`c${i}`) ?? 0] as const);
            await events.emitAll(new Map(before));
            for (const [id, count] of before) emitted.set(id, count + 1);
            // The schedule, and tasks that come twice, at once.
            const lanes = [...emitted.keys()].map((id) => `${id}_webhook`);
            const again = other.deliverEvents(lanes.slice(0, 25), noDeadline);
            await Promise.all([events.tick(suite, 2 * minuteMs), again]);
          }
          receiver.answerWith(204);
          for (let hour = 0; hour < 3; hour += 1) await events.tick(suite, 60 * minuteMs);

          const got = new Map<string, unknown[]>();
          for (const { data } of receiver.firsts()) {
            const id = String(data['connectionId']);
            got.set(id, [...(got.get(id) ?? []), data['sequence']]);
          }
          assert.equal(got.size, emitted.size);
          for (const [id, count] of emitted) {
            assert.deepEqual(
              got.get(id),
              Array.from({ length: count }, (_, i) => i + 1),
              id,
            );
          }
          // What is sent before its predecessor was accepted would be out of order at a receiver.
          const accepted = new Map<string, number>();
          for (const { data, accepted: taken } of receiver.deliveries) {
            const id = String(data['connectionId']);
            const reached = accepted.get(id) ?? 0;
            assert.ok(
              Number(data['sequence']) <= reached + 1,
              `${id} ${data['sequence']} after ${reached}`,
            );
            if (taken) accepted.set(id, Math.max(reached, Number(data['sequence'])));
          }
        },
      ),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('holds where a process stood still for longer than its claim', async () => {
    const { receiver, world } = events;
    const [slow, fast] = [events.newSuite(), events.newSuite()];
    await events.emit('c1', 3);
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isFirst = true;
    receiver.answerWith(async () => {
      if (!isFirst) return 204;
      isFirst = false;
      reached.resolve();
      await gate.promise;
      return 204;
    });
    const sleeper = slow.deliverEvents(['c1_webhook'], noDeadline);
    await reached.promise;
    world.clock.advance(31_000);
    await fast.deliverEvents(['c1_webhook'], noDeadline);
    assert.deepEqual(
      receiver.deliveries.map(({ data }) => data['sequence']),
      [1, 2, 3],
    );
    gate.resolve();
    await sleeper;
    // The one it held came twice, by the same id; nothing else did, and nothing is open.
    assert.deepEqual(
      receiver.deliveries.map(({ id }) => id),
      ['c1_1', 'c1_2', 'c1_3', 'c1_1'],
    );
    const states = Object.values(await events.states(fast));
    assert.deepEqual(states, ['delivered', 'delivered', 'delivered']);
  });
});
