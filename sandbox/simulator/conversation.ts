import type { Clock } from '../../functions/src/platform/clock.ts';
import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import type { Suite } from '../../functions/src/suite.ts';
import { createClock } from './leaping-clock.ts';
import { type Outcome, type Promises, promisesIn, type Step, steps } from './promises.ts';
import { startSimulator } from './simulator.ts';
import { expect, type Talk, taking } from './talk.ts';

/** Opens a suite whose settings are these, on that clock. */
export type OpenSuite = (id: string, settings: object, clock: Clock) => Suite;

/** What became of each step; those after one that failed are not taken. */
export interface Taken {
  readonly promised: Promises;
  readonly outcomes: Readonly<Partial<Record<Step, Outcome>>>;
  /** What went wrong, where, and what the simulator said of it. */
  readonly failure?: string;
}

interface Options {
  readonly openSuite: OpenSuite;
  /** Other settings than the entry's: for who proves that a difference is noticed. */
  readonly changed?: object;
}

const redirectUri = 'http://127.0.0.1:5000/oauth/callback';

/**
 * Connects, calls, refreshes twice, revokes and calls again: the suite against the simulated provider
 * of an entry.
 */
export async function converse(id: string, entry: Entry, options: Options): Promise<Taken> {
  const clock = createClock();
  const simulator = await startSimulator(entry, { redirectUri, now: clock.now });
  const promised = promisesIn(simulator.behaviour);
  const outcomes: Partial<Record<Step, Outcome>> = {};
  try {
    const provider = { ...simulator.settings, ...options.changed };
    const app = { redirectUri, returnTo: ['http://127.0.0.1:5000/'] };
    const suite = options.openSuite(id, { app, providers: { [id]: provider } }, clock);
    const talk: Talk = { id, suite, simulator, clock, promised, uid: `${id}-user`, connection: '' };
    for (const step of steps) {
      try {
        const outcome = await taking[step](talk);
        const isKept = outcome === promised[step];
        expect(isKept, `the data promises ${promised[step]}, and it came to ${outcome}`);
        outcomes[step] = outcome;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const told = simulator.refusals.map((refusal) => `\n  the simulator refused ${refusal}`);
        return { promised, outcomes, failure: `${id}: ${step}: ${why}${told.join('')}` };
      }
    }
    return { promised, outcomes };
  } finally {
    await simulator.stop();
  }
}
