import type { Provider, Settings } from '../../src/providers/settings-schema.ts';
import type { SuiteOverrides } from '../../src/suite.ts';
import type { World } from './world.ts';

interface Limits {
  readonly life?: Partial<Provider['life']>;
  readonly rotate?: Partial<Provider['rotate']>;
  readonly events?: Settings['events'];
}

/** A suite whose providers have these limits and policies. */
export function limitedSuite(
  world: World,
  { life, rotate, events }: Limits,
  overrides: SuiteOverrides = {},
) {
  world.publish(({ app, providers }) => {
    const changed = Object.entries(providers).map(([id, provider]) => [
      id,
      {
        ...provider,
        life: { ...provider.life, ...life },
        rotate: { ...provider.rotate, ...rotate },
      },
    ]);
    return { app, providers: Object.fromEntries(changed), ...(events && { events }) };
  });
  return world.newSuite({ random: () => 0, enqueue: async () => {}, ...overrides });
}
