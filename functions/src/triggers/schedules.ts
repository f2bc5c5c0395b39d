import { onSchedule } from 'firebase-functions/scheduler';
import { allOf } from '../platform/in-parallel.ts';
import { keysAccount } from './options.ts';
import { suite } from './suite.ts';

/** Refreshes what is about to expire, and hands over what waits; its period is `rotationPeriodMs`. */
export const rotateTokens = onSchedule({ schedule: 'every 1 minutes', timeoutSeconds: 300 }, () =>
  allOf([suite().rotate(), suite().handOverEvents()]),
);

/** Finds what no event tells of. */
export const sweep = onSchedule({ schedule: 'every 1 hours', timeoutSeconds: 540 }, () =>
  suite().sweep(),
);

/** Replaces the keys in time. Alone, so that it alone may change the versions of the keyring. */
export const rotateKeys = onSchedule(
  { schedule: 'every 24 hours', timeoutSeconds: 300, serviceAccount: keysAccount },
  () => suite().rotateKeys(),
);
