import type { Behaviour } from './behaviour.ts';
import { createCodes } from './codes.ts';
import { createGrants } from './grants.ts';

/** A simulated provider while it runs. */
export type Simulation = ReturnType<typeof createSimulation>;

/** @param now milliseconds since the epoch, by the provider's clock. */
export function createSimulation(behaviour: Behaviour, now: () => number) {
  const grants = createGrants(behaviour.provider.life, now);
  return {
    ...behaviour,
    now,
    grants,
    codes: createCodes(grants, now),
    /** What was asked for and done. */
    counters: {
      authorizations: 0,
      tokens: 0,
      refreshes: 0,
      revocations: 0,
      calls: 0,
      refusedCalls: 0,
    },
    /** Why requests were refused, oldest first. */
    refusals: [] as string[],
    /** The API refuses every credential. */
    isRefusing: { value: false },
  };
}
