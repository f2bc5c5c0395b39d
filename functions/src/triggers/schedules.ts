import { onSchedule } from 'firebase-functions/scheduler';
import { suite } from './suite.ts';

/** Refreshes what is about to expire, and hands over what waits; its period is `rotationPeriodMs`. */
export const rotateTokens = onSchedule(
  { schedule: 'every 1 minutes', timeoutSeconds: 300 },
  async () => {
    const { rotate, handOverEvents } = suite();
    const outcomes = await Promise.allSettled([rotate(), handOverEvents()]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  },
);

/** Finds what no event tells of. */
export const sweep = onSchedule({ schedule: 'every 1 hours', timeoutSeconds: 540 }, () =>
  suite().sweep(),
);
