import { runWith } from 'firebase-functions/v1';
import { suite } from './suite.ts';

/**
 * Ends a deleted user's connections. 1st gen, and the only one: its 2nd gen twin
 * (`onUserDeleted`) is in preview, and the emulators send it no event. Bulk deletion sends none
 * either: `sweep` finds those.
 */
export const forgetUser = runWith({ failurePolicy: true, timeoutSeconds: 300, memory: '512MB' })
  .auth.user()
  .onDelete(({ uid }) => suite().forget(uid));
