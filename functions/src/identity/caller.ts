import { type DecodedIdToken, getAuth } from 'firebase-admin/auth';
import type { CallableRequest, Request } from 'firebase-functions/https';
import { decodeJwt } from 'jose';
import { StrongroomError, unavailable } from '../errors.ts';
import { firebaseApp } from '../platform/firebase-app.ts';
import { type AppCheckDemand, checkApp } from './app-check.ts';
import { codeOf, isOutage } from './outage.ts';
import type { Service } from './services.ts';
import { sessionCookieOf } from './session-cookie.ts';

/** A user himself. */
export interface User {
  readonly uid: string;
  readonly service?: never;
}

/** A service that acts for a user, whom it names. */
export interface ServiceCaller {
  readonly uid: string;
  readonly service: Service;
}

/** On whose behalf a use case works; it reaches that user's own connections only. */
export type Caller = User | ServiceCaller;

export interface Checks {
  /** Ask Firebase Auth whether the session was revoked or the user disabled: one request more. */
  readonly revocation: boolean;
  readonly appCheck: AppCheckDemand;
  /** The name of the cookie that holds a session. */
  readonly sessionCookie?: string;
  /** Told of a user whose genuine token was refused because his session has ended. */
  readonly ended?: (uid: string) => Promise<void>;
}

/** Whether a caller, known already, has a session still. */
export const sessionOnly = { revocation: true, appCheck: 'off' } as const satisfies Checks;

/**
 * The user behind a callable request. firebase-functions has verified the ID token already.
 *
 * @throws StrongroomError `unauthenticated`, `app_check_failed`, `unavailable`.
 */
export async function callerOfCallable(
  { auth, rawRequest }: Pick<CallableRequest, 'auth' | 'rawRequest'>,
  checks: Checks,
): Promise<User> {
  if (auth === undefined) throw unauthenticated();
  await checkApp(rawRequest.get(appCheckHeader), checks.appCheck);
  const { rawToken } = auth;
  const token = checks.revocation
    ? await verified(rawToken, checks, () => getAuth(firebaseApp()).verifyIdToken(rawToken, true))
    : auth.token;
  return callerOf(token);
}

/**
 * The user behind an HTTPS request: an ID token as `Authorization: Bearer` (RFC 6750 §2.1), or a
 * session cookie that a page of the app itself sent.
 *
 * @throws StrongroomError `unauthenticated`, `app_check_failed`, `unavailable`.
 */
export async function callerOfRequest(request: Request, checks: Checks): Promise<User> {
  await checkApp(request.get(appCheckHeader), checks.appCheck);
  const { revocation } = checks;
  const authorization = request.headers.authorization;
  const token =
    authorization === undefined
      ? sessionCookieOf(request, checks.sessionCookie)
      : /^Bearer ([\w~+/.=-]+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated();
  const verify = async () => {
    const auth = getAuth(firebaseApp());
    return authorization === undefined
      ? await auth.verifySessionCookie(token, revocation)
      : await auth.verifyIdToken(token, revocation);
  };
  return callerOf(await verified(token, checks, verify));
}

/** https://firebase.google.com/docs/app-check/web/custom-resource */
const appCheckHeader = 'X-Firebase-AppCheck';

/** How far Google's clock may be ahead of ours, in seconds. */
const clockSkewSeconds = 60;

/**
 * What the Admin SDK leaves unchecked: a token must have been issued in the past
 * (https://firebase.google.com/docs/auth/admin/verify-id-tokens), and to a user of the project
 * itself. Two tenants of Identity Platform may each have a user of the same uid.
 */
function callerOf({ uid, iat, firebase }: Pick<DecodedIdToken, 'uid' | 'iat' | 'firebase'>): User {
  const isOfTenant = firebase?.tenant !== undefined;
  if (isOfTenant || iat > Date.now() / 1_000 + clockSkewSeconds) throw unauthenticated();
  return { uid };
}

async function verified<T>(token: string, { ended }: Checks, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (isOutage(error)) throw unavailable('firebase-auth');
    // A defect of ours: no app, no credential. Whatever else is thrown, the token is at fault.
    if (codeOf(error).startsWith('app/')) throw error;
    // Said of a token only after its signature was verified.
    const uid = endedCodes.has(codeOf(error)) ? decodeJwt(token).sub : undefined;
    if (uid !== undefined) await ended?.(uid);
    throw unauthenticated();
  }
}

const endedCodes: ReadonlySet<string> = new Set([
  'auth/user-disabled',
  'auth/id-token-revoked',
  'auth/session-cookie-revoked',
]);

/** One answer for every reason, so that it teaches an attacker nothing. */
function unauthenticated(): StrongroomError {
  return new StrongroomError(
    'unauthenticated',
    'Sign in and send a current Firebase ID token (Authorization: Bearer) or session cookie.',
  );
}
