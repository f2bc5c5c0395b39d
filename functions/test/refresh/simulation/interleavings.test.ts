import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StrongroomError } from '../../../src/errors.ts';
import type { Behaviour } from './provider.ts';
import {
  type ExchangeKind,
  type Fault,
  numberOf,
  type PlannedFault,
  Simulation,
} from './simulation.ts';

const behaviours: readonly Behaviour[] = [
  'stays',
  'is spent',
  'ends the grant',
  'has grace',
  'has a minute of grace',
];
/** Whose older refresh tokens work as well, at least for a while. */
const forgiving: ReadonlySet<Behaviour> = new Set(['stays', 'has grace', 'has a minute of grace']);
const faults: readonly Fault[] = [
  'refused',
  'lost',
  'killed before',
  'killed after',
  'stopped',
  '503',
  'invalid_client',
];
const everything: Possible = {
  read: faults,
  write: faults,
  'token request': faults,
  task: ['refused', 'lost', 'killed before', 'killed after'],
};
/** Those after which nobody can know whether the refresh token was spent. */
const doubtful: ReadonlySet<Fault> = new Set(['lost', 'killed before', 'killed after', 'stopped']);
/** The same schedules in every run, so that a red run is a change's doing; others by these. */
const numRuns = Number(process.env['STRONGROOM_SCHEDULES'] ?? 1_500);
const seed = Number(process.env['STRONGROOM_SEED'] ?? 1);
/** More than any caller needs until his deadline. */
const maximumSteps = 5_000;

/** One schedule: who calls, in which order all go on, and what goes wrong. */
interface Schedule {
  readonly behaviour: Behaviour;
  /** Callers per process. */
  readonly callers: readonly number[];
  readonly choices: Iterable<number>;
  readonly faults: readonly PlannedFault[];
  /** How long Firestore is away, from the provider's first answer on. */
  readonly outageMs: number;
  /** How often somebody else writes other fields of the document. */
  readonly bystanders: number;
  /** Processes that call so long after the end of that. */
  readonly late: readonly number[];
}

/** Of what else a schedule may hold. */
interface Bounds {
  readonly longestOutageMs: number;
  readonly mostBystanders: number;
}

type Property = (simulation: Simulation, schedule: Schedule) => Promise<void>;

const kinds: readonly ExchangeKind[] = ['read', 'write', 'token request', 'task'];
type Possible = Partial<Record<ExchangeKind, readonly Fault[]>>;

function schedules(
  possible: Possible,
  { longestOutageMs, mostBystanders }: Bounds,
): fc.Arbitrary<Schedule> {
  const planned = kinds.flatMap((kind) =>
    (possible[kind] ?? []).map((fault) =>
      fc.record({ kind: fc.constant(kind), number: fc.nat({ max: 5 }), fault: fc.constant(fault) }),
    ),
  );
  return fc.record({
    behaviour: fc.constantFrom(...behaviours),
    callers: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    choices: fc.infiniteStream(fc.nat()),
    outageMs: fc.nat({ max: longestOutageMs }),
    bystanders: fc.nat({ max: mostBystanders }),
    late: fc.array(fc.nat({ max: 8_000 }), { maxLength: 3 }),
    faults:
      planned.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...planned), { maxLength: 4 }),
  });
}

describe('any interleaving of processes over one connection', function () {
  this.timeout(300_000);

  it('makes one token request, serves every caller and leaves no lease, while all is well', async () => {
    await check({}, async (simulation, { callers }) => {
      const outcomes = await call(simulation, callers);
      for (const outcome of outcomes) assert.equal(outcome, 'access-2');
      assert.deepEqual([...simulation.provider.requests], [['refresh-1', 1]]);
      const { lease, journal, generation, status } = simulation.document;
      assert.deepEqual({ lease, journal, generation, status }, alive(2));
    });
  });

  it('loses no newer token set, blames no user for another, and is healed by the next caller', async () => {
    await check(everything, async (simulation, { behaviour, callers }) => {
      await call(simulation, callers);
      const before = { ...simulation.document };

      // All processes are gone; long after the last lease, a new one is called.
      simulation.scheduler.now += 20 * 60_000;
      simulation.faultsAreOver();
      const [outcome] = await call(simulation, [1]);

      assertMonotonic(simulation.committed);
      assert.equal(simulation.freed, 0, "another's lease was given back");
      // Only a kill or a lost answer may take a token set away that nobody can get again.
      const gone = simulation.lost > 0 || simulation.met.some((fault) => /^killed/.test(fault));
      if (outcome === 'needs_reauth') {
        assert.ok(
          behaviour === 'is spent' ? gone : simulation.provider.revoked,
          'given up while the grant lives',
        );
        assert.equal(simulation.document.reason, 'interrupted');
      } else {
        assert.match(String(outcome), /^access-/);
        const stored = numberOf(simulation.document.sealed);
        const newest = simulation.provider.issued;
        // Where older ones work as well, the newest may have gone with a process that was killed.
        const mayBeOlder = gone && forgiving.has(behaviour);
        assert.ok(stored === newest || mayBeOlder, `${stored} is stored, ${newest} was issued`);
        const { lease, generation, status } = simulation.document;
        assert.ok(generation >= before.generation);
        // One that was overtaken is left to its holder, until it ends by itself.
        assert.ok(lease === null || lease.until < simulation.scheduler.now);
        assert.equal(status, 'active');
      }
    });
  });

  it('costs nothing where a process is stopped for longer than its lease, but for the wait', async () => {
    const property: Property = async (simulation, { callers }) => {
      const outcomes = await call(simulation, callers);
      for (const outcome of outcomes) assert.equal(outcome, 'access-2');
      assert.deepEqual([...simulation.provider.requests], [['refresh-1', 1]]);
    };
    // Nobody else makes it read again between the answer and the commit.
    const bounds = { mostBystanders: 0 };
    await check({ read: ['stopped'], write: ['stopped'] }, property, bounds);
  });

  it('keeps the token set that a process holds while it is stopped, whoever comes in between', async () => {
    await check({ 'token request': ['stopped'] }, async (simulation, { behaviour, callers }) => {
      await call(simulation, callers);
      const [outcome] = await call(simulation, [1]);
      assertMonotonic(simulation.committed);
      assert.equal(simulation.freed, 0, "another's lease was given back");
      // Where the provider ends the grant of a token that it sees again, nothing can be kept.
      if (behaviour === 'ends the grant' && simulation.provider.revoked) return;
      assert.match(String(outcome), /^access-/);
      assert.equal(numberOf(simulation.document.sealed), simulation.provider.issued);
    });
  });

  it('keeps what the provider gave while Firestore is away, and spends nothing twice', async () => {
    let spilled = 0;
    const property: Property = async (simulation, { behaviour, callers, late, outageMs }) => {
      // Some come when Firestore is just back, and do not know of what is on its way.
      const times = late.map((ms) => outageMs + ms);
      await call(simulation, callers, times);
      spilled += simulation.spilled;
      // Long before any task is given up, and with nobody left of those who were there.
      simulation.scheduler.now += 60 * 60_000;
      const [outcome] = await call(simulation, [1]);
      assert.match(String(outcome), /^access-/);
      assertMonotonic(simulation.committed);
      assert.equal(numberOf(simulation.document.sealed), simulation.provider.issued);
      if (forgiving.has(behaviour)) return;
      for (const requests of simulation.provider.requests.values()) assert.equal(requests, 1);
    };
    await check({ task: ['refused', 'lost'] }, property, { longestOutageMs: 120_000 });
    assert.ok(spilled > numRuns / 10, `only ${spilled} token sets were handed to a task`);
  });

  it('spends a refresh token again only after an attempt whose outcome nobody knows', async () => {
    await check(everything, async (simulation, { callers }) => {
      await call(simulation, callers);
      const met = simulation.met.filter((fault) => doubtful.has(fault)).length;
      const doubts = met + simulation.unwritten;
      const most = Math.max(...simulation.provider.requests.values(), 0);
      assert.ok(most <= 1 + doubts, `${most} requests with one token, ${doubts} doubts`);
    });
  });
});

const alive = (generation: number) =>
  ({ lease: null, journal: null, generation, status: 'active' }) as const;

/**
 * Starts a process for each number, with as many callers; gives what they got.
 *
 * @param late when processes with one caller each call, in milliseconds from now.
 */
async function call(
  simulation: Simulation,
  callers: readonly number[],
  late: readonly number[] = [],
): Promise<string[]> {
  const nextName = () => `p${simulation.started + 1}`;
  const pending = callers.flatMap((count) => {
    const once = simulation.process(nextName());
    return Array.from({ length: count }, () => once().then(nameOf, codeOf));
  });
  for (const delayMs of late) {
    const name = nextName();
    const once = simulation.process(name);
    pending.push(simulation.scheduler.sleep(name, delayMs).then(once).then(nameOf, codeOf));
  }
  await simulation.scheduler.run(maximumSteps);
  const hung = Symbol('hung');
  const outcomes = await Promise.all(pending.map((one) => Promise.race([one, tick(hung)])));
  assert.ok(!outcomes.includes(hung), 'a caller was left hanging');
  return outcomes.map(String);
}

function nameOf(outcome: Awaited<ReturnType<ReturnType<Simulation['process']>>>): string {
  return outcome === 'killed' ? 'killed' : outcome.tokenSet.accessToken;
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof StrongroomError, String(error));
  return error.code;
}

async function tick<T>(value: T): Promise<T> {
  await new Promise((done) => setImmediate(done));
  return value;
}

function assertMonotonic(committed: readonly number[]): void {
  const sorted = [...committed].sort((a, b) => a - b);
  assert.deepEqual(committed, sorted, 'an older token set was written over a newer one');
}

/** Runs the property over many schedules; a failure shows the steps that led to it. */
async function check(
  possible: Possible,
  property: Property,
  bounds: Partial<Bounds> = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      schedules(possible, { longestOutageMs: 0, mostBystanders: 4, ...bounds }),
      async (schedule) => {
        const choices = schedule.choices[Symbol.iterator]();
        const simulation = new Simulation({
          behaviour: schedule.behaviour,
          choose: (count) => Number(choices.next().value) % count,
          faults: schedule.faults,
          outageMs: schedule.outageMs,
        });
        void simulation.bystander(schedule.bystanders);
        try {
          await property(simulation, schedule);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          throw new Error(`${why}\n\n${simulation.scheduler.trace.join('\n')}\n`);
        }
      },
    ),
    { numRuns, seed },
  );
}
