import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { StrongroomError, unavailable } from '../errors.ts';
import { firebaseApp } from '../platform/firebase-app.ts';
import { isOutage } from './outage.ts';

/** `valid`: from an app that App Check attests; `once`: and never seen before. */
export type AppCheckDemand = 'off' | 'valid' | 'once';

/**
 * Verifies the App Check token of a request, as far as that is demanded. `valid` is verified here, by
 * Google's keys; `once` costs one request to the App Check service, which remembers the token.
 *
 * @throws StrongroomError `app_check_failed`, `unavailable`
 */
export async function checkApp(token: string | undefined, demand: AppCheckDemand): Promise<void> {
  if (demand === 'off') return;
  if (token === undefined) throw failed('Send the App Check token in X-Firebase-AppCheck.');
  const isOnce = demand === 'once';
  const isSeen = isEmulated() ? seenHere(token, isOnce) : await seenByGoogle(token, isOnce);
  if (isSeen) {
    throw failed(
      'This takes an App Check token that was used for nothing else: a limited-use one.',
    );
  }
}

async function seenByGoogle(token: string, isOnce: boolean): Promise<boolean> {
  // Not at a cold start: whoever demands nothing needs nothing of it.
  const { getAppCheck } = await import('firebase-admin/app-check');
  try {
    const consume = { consume: isOnce };
    return (await getAppCheck(firebaseApp()).verifyToken(token, consume)).alreadyConsumed === true;
  } catch (error) {
    if (isOutage(error)) throw unavailable('app-check');
    throw failed('The App Check token is not valid.');
  }
}

/** `environment.ts` refuses to boot with this variable in a real project. */
function isEmulated(): boolean {
  return process.env['FUNCTIONS_EMULATOR'] === 'true';
}

const seen = new Set<string>();
const seenMax = 10_000;

/**
 * App Check has no emulator, and the functions emulator verifies none of its tokens either: any JWT
 * will do that has not expired.
 */
function seenHere(token: string, isOnce: boolean): boolean {
  try {
    const { sub, exp = 0 } = decodeJwt(token);
    if (!sub || exp * 1_000 <= Date.now()) throw new Error('It names no app, or has expired.');
  } catch {
    throw failed('The App Check token is not valid.');
  }
  if (!isOnce) return false;
  const hash = createHash('sha256').update(token).digest('base64');
  if (seen.has(hash)) return true;
  if (seen.size >= seenMax) seen.clear();
  seen.add(hash);
  return false;
}

function failed(message: string): StrongroomError {
  return new StrongroomError('app_check_failed', message);
}
