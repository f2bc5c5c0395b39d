import { type CallableRequest, HttpsError, onCall } from 'firebase-functions/https';
import { StrongroomError } from '../../../functions/src/client/index.ts';

/**
 * A callable for signed-in users. What the vault says reaches the app with its code
 * (`needs_reauth`: offer a reconnect); what else goes wrong does not.
 */
export function forUser<T>(work: (uid: string, data: unknown) => Promise<T>) {
  return onCall(async ({ auth, data }: CallableRequest<unknown>) => {
    if (auth === undefined) throw new HttpsError('unauthenticated', 'Sign in first.');
    try {
      return await work(auth.uid, data);
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      const { functionsCode, message, code, details } = error;
      throw new HttpsError(functionsCode, message, { code, ...details });
    }
  });
}
