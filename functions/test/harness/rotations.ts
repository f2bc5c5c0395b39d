import type { Rotation } from '../../../sandbox/provider/settings.ts';
import type { World } from './world.ts';

/** How refresh tokens behave at the provider, and what its data in the settings says of it. */
export const rotations = {
  none: 'none',
  grace: 'rotates-with-grace',
  strict: 'rotates',
} as const satisfies Record<Rotation, string>;

/** Gives the provider that behaviour, and says so in the settings of suites made from now on. */
export function setRotation(world: World, rotation: Rotation): void {
  world.provider.updateSettings({ rotation });
  world.publish(({ app, providers }) => {
    const changed = Object.entries(providers).map(([id, provider]) => [
      id,
      { ...provider, life: { ...provider.life, rotation: rotations[rotation] } },
    ]);
    return { app, providers: Object.fromEntries(changed) };
  });
}
