import assert from 'node:assert/strict';
import { EgressError } from '../../src/egress/egress.ts';
import { StrongroomError } from '../../src/errors.ts';
import { circuitOf } from '../../src/limits/api-circuit.ts';
import {
  type AdmissionRequest,
  type Admitted,
  type Limits,
  mostAtOnce,
} from '../../src/limits/limits.ts';
import { sendWithin } from '../../src/limits/send-within.ts';
import { sliceMs, windowMs } from '../../src/limits/window.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { createShared } from './instances.ts';
import { oneProvider } from './provider.ts';
import { parseList } from './structured-fields.ts';

const callMs = 30_000;

describe('the limits of calls', () => {
  let clock: ManualClock;
  let shared: ReturnType<typeof createShared>;
  let limits: Limits;
  beforeEach(() => {
    clock = manualClock(1_000_000 * sliceMs);
    shared = createShared(clock);
    limits = shared.newInstance();
  });

  const request = (
    uid: string,
    callLimits: Provider['callLimits'],
    more: Partial<AdmissionRequest> = {},
  ): AdmissionRequest => ({
    uid,
    connectionId: `of-${uid}`,
    provider: { ...oneProvider, callLimits },
    path: '/me',
    deadlineAt: clock.ticks() + callMs,
    ...more,
  });
  /** One whole call. @returns the error's code, or ok. */
  const call = async (of: AdmissionRequest, its = limits): Promise<string> => {
    try {
      const admitted = await its.admit(of);
      await admitted.note({ status: 200, headers: {} });
      await admitted.release();
      return 'ok';
    } catch (error) {
      return error instanceof StrongroomError ? error.code : assert.fail(String(error));
    }
  };
  const times = async (count: number, work: () => Promise<string>) => {
    const outcomes = await Promise.all(Array.from({ length: count }, work));
    return outcomes.filter((outcome) => outcome === 'ok').length;
  };

  describe('that the settings do not set', () => {
    it('cost nothing, and say nothing in headers', async () => {
      const admitted = await limits.admit(request('ada', {}));
      assert.deepEqual(admitted.fields, {});
      await admitted.release();
      const wait = () => new Promise<void>(() => {});
      assert.equal(await times(500, () => call(request('ada', {}, { wait }))), 500);
      assert.deepEqual(shared.cost(), { reads: 0, writes: 0 });
    });

    it('let so many calls of a user run in an instance; the next has its turn when one ends', async () => {
      const running = await Promise.all(
        Array.from({ length: mostAtOnce }, () => limits.admit(request('ada', {}))),
      );
      let isIn = false;
      const never = () => new Promise<void>(() => {});
      const waiting = limits.admit(request('ada', {}, { wait: never })).then((admitted) => {
        isIn = true;
        return admitted;
      });
      assert.equal(await call(request('grace', {})), 'ok');
      assert.equal(isIn, false);
      await running[0]?.release();
      await (await waiting).release();
    });
  });

  describe('of a user', () => {
    it('are kept across instances, told with Retry-After, and in the fields of every answer', async () => {
      const of = request('ada', { perUserPerMinute: 60 });
      const first = await limits.admit(of);
      await first.release();
      assert.deepEqual(first.fields, {
        'ratelimit-policy': '"per-user";q=60;w=60',
        ratelimit: '"per-user";r=59;t=75',
      });
      const instances = [limits, shared.newInstance(), shared.newInstance()];
      let given = 1;
      for (const its of instances) given += await times(100, () => call(of, its));
      // Each instance gives a tenth without asking.
      assert.ok(given >= 60 && given <= 60 + 2 * 6, `${given}`);
      await refuses('rate_limited', limits.admit(of), {
        retryAfterSeconds: 75,
        limit: { policy: 'per-user', quota: 60, windowSeconds: 60 },
      });
      assert.equal(await call(request('grace', { perUserPerMinute: 60 })), 'ok');
      clock.advance(windowMs + sliceMs);
      assert.equal(await call(of), 'ok');
    });

    it('count what is sent: a permit of a call that went no further is put back', async () => {
      const callLimits = { perUserPerMinute: 10, perMinute: 1 };
      assert.equal(await call(request('grace', callLimits)), 'ok');
      for (let n = 0; n < 30; n += 1) {
        const { details } = await errorOf(limits.admit(request('ada', callLimits)));
        assert.equal(details.limit?.policy, 'all-users');
      }
      assert.equal(await times(20, () => call(request('ada', { perUserPerMinute: 10 }))), 10);
    });

    it('name nobody in Firestore', async () => {
      const all = await Promise.all(
        [1, 2, 3].map(() =>
          limits.admit(request('ada', { perUserConcurrent: 5, perUserPerMinute: 5 })),
        ),
      );
      const ids = [...shared.counts.documents.keys(), ...shared.held.documents.keys()];
      assert.equal(ids.length, 2);
      for (const id of ids) assert.match(id, /^(user|slots)~one~[\w-]{22}$/);
      for (const { release } of all) await release();
    });

    it('at the same time are told at once to who does not wait, and are waited for by who does', async () => {
      const of = (more: Partial<AdmissionRequest> = {}) =>
        request('ada', { perUserConcurrent: 2 }, more);
      const running = [await limits.admit(of()), await limits.admit(of())];
      await refuses('rate_limited', limits.admit(of()), {
        retryAfterSeconds: 1,
        limit: { policy: 'per-user-concurrent', quota: 2 },
      });
      const never = () => new Promise<void>(() => {});
      const waiting = limits.admit(of({ wait: never }));
      await running[0]?.release();
      await (await waiting).release();
    });
  });

  describe('that a caller would rather wait for', () => {
    it('are waited for within his deadline', async () => {
      const callLimits = { perUserPerMinute: 10 };
      const { sleep: wait } = clock;
      const deadlineAt = clock.ticks() + 2 * windowMs;
      const patient = () => request('ada', callLimits, { wait, deadlineAt });
      for (let n = 0; n < 15; n += 1) await (await limits.admit(patient())).release();
      assert.equal(clock.now(), 1_000_000 * sliceMs + windowMs + sliceMs);
    });

    it('are told at once where the wait would outlast his deadline', async () => {
      const waits: number[] = [];
      const wait = async (delayMs: number) => void waits.push(delayMs);
      await times(10, () => call(request('ada', { perUserPerMinute: 10 })));
      await refuses(
        'rate_limited',
        limits.admit(request('ada', { perUserPerMinute: 10 }, { wait })),
      );
      assert.deepEqual(waits, []);
    });
  });

  describe('of all users together', () => {
    it('are never used up by one: who calls seldom is not refused, whatever another does', async () => {
      const callLimits = { perMinute: 100 };
      const instances = [limits, shared.newInstance(), shared.newInstance(), shared.newInstance()];
      let greedy = 0;
      for (let round = 0; round < 40; round += 1) {
        const its = instances[round % 4] ?? assert.fail();
        greedy += await times(100, () => call(request('mallory', callLimits), its));
        if (round % 8 === 0) {
          assert.equal(await call(request('ada', callLimits), its), 'ok', `round ${round}`);
        }
        clock.advance(1_500);
      }
      assert.ok(greedy >= 60, `${greedy}`);
    });

    it('are never exceeded, over all users and instances', async () => {
      const callLimits = { perMinute: 100 };
      const instances = [limits, shared.newInstance(), shared.newInstance()];
      let given = 0;
      for (const its of instances)
        for (const uid of ['ada', 'grace', 'linus', 'mallory'])
          given += await times(100, () => call(request(uid, callLimits), its));
      // A few may lie in an instance whose users have had theirs.
      assert.ok(given <= 100 && given >= 90, `${given}`);
      const { details } = await errorOf(limits.admit(request('ada', callLimits)));
      assert.deepEqual(details.limit, { policy: 'all-users', quota: 100, windowSeconds: 60 });
    });

    it('are not told of in the fields of answers: how busy others are is not for everybody', async () => {
      const { fields } = await limits.admit(request('ada', { perMinute: 100 }));
      assert.deepEqual(fields, {});
    });

    it('cost few operations per call when many are made', async () => {
      const callLimits = { perMinute: 6_000 };
      let calls = 0;
      for (let second = 0; second < 60; second += 1) {
        for (const uid of ['ada', 'grace', 'linus'])
          calls += await times(10, () => call(request(uid, callLimits)));
        clock.advance(1_000);
      }
      assert.equal(calls, 1_800);
      const { reads, writes } = shared.cost();
      assert.ok(reads + writes <= calls / 40, `${reads} reads, ${writes} writes`);
    });
  });

  describe('that the provider told of itself', () => {
    it('are remembered: it is not asked again before', async () => {
      const admitted = await limits.admit(request('ada', {}));
      await admitted.note({ status: 429, headers: { 'retry-after': '20' } });
      await admitted.release();
      await refuses('rate_limited', limits.admit(request('ada', {})), {
        retryAfterSeconds: 20,
        limit: { policy: 'provider' },
      });
      assert.equal(await call(request('ada', {}, { path: '/other' })), 'ok');
      assert.equal(await call(request('grace', {})), 'ok');
      clock.advance(20_000);
      assert.equal(await call(request('ada', {})), 'ok');
    });
  });

  describe('where the API gives nobody an answer', () => {
    const users = ['ada', 'grace', 'linus', 'edsger', 'barbara'];
    const fail = async (uid: string, outcome: Parameters<Admitted['note']>[0]) => {
      const admitted = await limits.admit(request(uid, {}));
      await admitted.note(outcome);
      await admitted.release();
    };

    for (const [title, outcome] of [
      ['cannot be reached', new EgressError('unreachable', 'no')],
      ['answers 503', { status: 503, headers: {} }],
    ] as const)
      it(`open its circuit when it ${title} for five users in a row: calls fail at once`, async () => {
        for (const uid of users) await fail(uid, outcome);
        const { code, details } = await errorOf(limits.admit(request('ada', {})));
        assert.deepEqual([code, details.dependency], ['unavailable', 'provider']);
        assert.ok(Number(details.retryAfterSeconds) >= 1);
        clock.advance(10_000);
        assert.equal(await call(request('grace', {})), 'ok');
        assert.equal(await call(request('ada', {})), 'ok');
      });

    it('leave the circuit of its token endpoint alone', async () => {
      for (const uid of users) await fail(uid, { status: 503, headers: {} });
      assert.equal((await shared.providers.read(circuitOf('one')))?.document.circuit, 'open');
      assert.equal(await shared.providers.read('one'), undefined);
    });

    it('need five users: one with many connections, or who leaves, opens nothing', async () => {
      for (let n = 0; n < 20; n += 1) {
        const own = request('ada', {}, { connectionId: `c${n}` });
        const admitted = await limits.admit(own);
        await admitted.note({ status: 503, headers: {} });
        await admitted.release();
      }
      for (const uid of users) await (await limits.admit(request(uid, {}))).release();
      assert.equal(await call(request('ada', {})), 'ok');
    });

    it('tell nothing of the others where users say the host: one that nobody answers at is no outage', async () => {
      const variable = { label: 'Shop', pattern: '[a-z]+', example: 'acme', by: 'user' } as const;
      const provider: Provider = {
        ...oneProvider,
        variables: { shop: variable },
        apiBaseUrl: 'https://{shop}.one.example/api',
      };
      for (const uid of users) {
        const admitted = await limits.admit(request(uid, {}, { provider }));
        await admitted.note({ status: 503, headers: {} });
        await admitted.release();
      }
      assert.equal(await call(request('ada', {}, { provider })), 'ok');
      assert.equal(await shared.providers.read(circuitOf('one')), undefined);
    });

    it('take a 500 and a refusal for answers', async () => {
      for (const status of [500, 404, 429, 401])
        for (const uid of users) await fail(uid, { status, headers: {} });
      assert.equal(await call(request('ada', {})), 'ok');
    });
  });

  describe('let go of a place', () => {
    const one = { perUserConcurrent: 1 };
    const endings: readonly [
      title: string,
      send: () => Promise<{ status: number; headers: object }>,
    ][] = [
      ['with its answer', async () => ({ status: 200, headers: {} })],
      ['where nobody answers', () => Promise.reject(new EgressError('timeout', 'unknown'))],
      ['where something is wrong here', () => Promise.reject(new TypeError('a defect'))],
    ];
    for (const [title, send] of endings)
      it(`when a call ends ${title}`, async () => {
        await sendWithin(limits, request('ada', one), { send }).catch(() => undefined);
        assert.equal(await call(request('ada', one)), 'ok');
      });

    it('where the circuit is open', async () => {
      for (const uid of ['a', 'b', 'c', 'd', 'e']) {
        const admitted = await limits.admit(request(uid, one));
        await admitted.note({ status: 503, headers: {} });
        await admitted.release();
      }
      await refuses('unavailable', limits.admit(request('ada', one)));
      await refuses('unavailable', limits.admit(request('ada', one)));
    });
  });

  it('let a user with 100 calls at once keep nobody from his own', async () => {
    const callLimits = { perUserConcurrent: 4, perUserPerMinute: 200, perMinute: 400 };
    const running: Admitted[] = [];
    let refused = 0;
    for (let round = 0; round < 20; round += 1) {
      const attempts = Array.from({ length: 100 }, () =>
        limits.admit(request('mallory', callLimits)).then(
          (admitted) => void running.push(admitted),
          () => {
            refused += 1;
          },
        ),
      );
      assert.equal(await call(request('ada', callLimits)), 'ok', `round ${round}`);
      await Promise.all(attempts);
      assert.ok(running.length <= 4);
      await Promise.all(running.splice(0).map((admitted) => admitted.release()));
      clock.advance(3_000);
    }
    assert.ok(refused > 1_500);
  });

  it('tell of all that their fields promise in the grammar of structured fields', async () => {
    const of = request('ada', { perUserPerMinute: 7 });
    for (let n = 0; n < 7; n += 1) {
      const { fields } = await limits.admit(of);
      const [item = assert.fail()] = parseList(fields['ratelimit'] ?? '');
      assert.equal(item.parameters.get('r'), 6 - n);
    }
  });
});
