import type { World } from './world.ts';

/** The grants of a user that live at the provider. */
export function liveGrantsOf(world: World, uid: string) {
  return world.provider
    .grants()
    .filter(({ accountId, status }) => accountId === uid && status === 'active');
}
