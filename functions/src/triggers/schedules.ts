import { onSchedule } from 'firebase-functions/scheduler';
import { suite } from './suite.ts';

/** Refreshes what is about to expire; its period is `rotationPeriodMs`. */
export const rotateTokens = onSchedule({ schedule: 'every 1 minutes', timeoutSeconds: 300 }, () =>
  suite().rotate(),
);

/** Finds what no event tells of. */
export const sweep = onSchedule({ schedule: 'every 1 hours', timeoutSeconds: 540 }, () =>
  suite().sweep(),
);
