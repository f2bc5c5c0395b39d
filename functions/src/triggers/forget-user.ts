import { runWith } from 'firebase-functions/v1';
import { vaultAccount } from './options.ts';
import { suite } from './suite.ts';

/**
 * Deletes what is held of a deleted user. 1st gen, and the only one: its 2nd gen twin
 * (`onUserDeleted`) is in preview, and the emulators send it no event. Bulk deletion sends none
 * either: `sweep` finds those.
 */
export const forgetUser = runWith({
  serviceAccount: vaultAccount,
  failurePolicy: true,
  timeoutSeconds: 300,
  memory: '512MB',
})
  .auth.user()
  .onDelete(async ({ uid }) => {
    await suite().forget(uid);
  });
