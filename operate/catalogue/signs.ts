import type { Outcome } from '../../sandbox/simulator/promises.ts';

/** How the table shows what a step comes to. */
export const signs: Readonly<Record<Outcome, string>> = {
  done: '✓',
  key: '— key',
  endless: '— no end',
  consent: '— consent',
  untold: '— untold',
  'not offered': '— none',
};
