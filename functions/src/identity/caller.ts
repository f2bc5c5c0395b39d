import { type DecodedIdToken, getAuth } from 'firebase-admin/auth';
import type { CallableRequest, Request } from 'firebase-functions/https';
import { StrongroomError, unavailable } from '../errors.ts';
import { firebaseApp } from '../platform/firebase-app.ts';
import type { Service } from './services.ts';

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

interface Checks {
  /** Ask Firebase Auth whether the session was revoked or the user disabled: one request more. */
  readonly revocation: boolean;
}

/**
 * The user behind a callable request. firebase-functions has verified the ID token already.
 *
 * @throws StrongroomError `unauthenticated`, `unavailable`.
 */
export async function callerOfCallable(
  { auth }: Pick<CallableRequest, 'auth'>,
  checks: Checks,
): Promise<User> {
  if (auth === undefined) throw unauthenticated();
  const token = checks.revocation
    ? await verified(() => getAuth(firebaseApp()).verifyIdToken(auth.rawToken, true))
    : auth.token;
  return callerOf(token);
}

/**
 * The user behind an HTTPS request: an ID token as `Authorization: Bearer` (RFC 6750 §2.1), or a
 * session cookie in `__session`, the only cookie that Firebase Hosting passes on.
 *
 * @throws StrongroomError `unauthenticated`, `unavailable`.
 */
export async function callerOfRequest(request: Request, checks: Checks): Promise<User> {
  const { revocation } = checks;
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const token = /^Bearer ([\w~+/.=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw unauthenticated();
    return callerOf(await verified(() => getAuth(firebaseApp()).verifyIdToken(token, revocation)));
  }
  const cookie = sessionCookieOf(request.headers.cookie);
  if (cookie === undefined || isForged(request)) throw unauthenticated();
  return callerOf(
    await verified(() => getAuth(firebaseApp()).verifySessionCookie(cookie, revocation)),
  );
}

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

function sessionCookieOf(header: string | undefined): string | undefined {
  return /(?:^|;\s*)__session=([\w.-]+)(?:;|$)/.exec(header ?? '')?.[1];
}

/**
 * A browser adds the cookie to requests that another site makes; it also says so (Fetch Metadata).
 * Only a bearer token proves by itself that the caller meant it.
 */
function isForged({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined
    ? headers.origin !== undefined
    : site !== 'same-origin' && site !== 'none';
}

async function verified<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (isOutage(error)) throw unavailable('firebase-auth');
    // A defect of ours: no app, no credential. Whatever else is thrown, the token is at fault.
    if (codeOf(error).startsWith('app/')) throw error;
    throw unauthenticated();
  }
}

/** The keys or the user could not be fetched. The Admin SDK calls the former a bad argument. */
function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === 'auth/internal-error' ||
    code.startsWith('app/network-') ||
    (error instanceof Error && /^Error (fetching|while making)/.test(error.message))
  );
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** One answer for every reason, so that it teaches an attacker nothing. */
function unauthenticated(): StrongroomError {
  return new StrongroomError(
    'unauthenticated',
    'Sign in and send a current Firebase ID token (Authorization: Bearer) or session cookie.',
  );
}
