import { getAuth } from 'firebase-admin/auth';
import type { CallableRequest, Request } from 'firebase-functions/https';
import type { Caller } from '../connections/connection.ts';
import { StrongroomError, unavailable } from '../errors.ts';
import { firebaseApp } from '../platform/firebase-app.ts';

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
): Promise<Caller> {
  if (auth === undefined) throw unauthenticated();
  if (checks.revocation)
    await verified(() => getAuth(firebaseApp()).verifyIdToken(auth.rawToken, true));
  return { uid: auth.uid };
}

/**
 * The user behind an HTTPS request: an ID token as `Authorization: Bearer` (RFC 6750 §2.1), or a
 * session cookie in `__session`, the only cookie that Firebase Hosting passes on.
 *
 * @throws StrongroomError `unauthenticated`, `unavailable`.
 */
export async function callerOfRequest(request: Request, checks: Checks): Promise<Caller> {
  const { revocation } = checks;
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const token = /^Bearer ([\w~+/.=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw unauthenticated();
    const { uid } = await verified(() => getAuth(firebaseApp()).verifyIdToken(token, revocation));
    return { uid };
  }
  const cookie = sessionCookieOf(request.headers.cookie);
  if (cookie === undefined || isForged(request)) throw unauthenticated();
  const { uid } = await verified(() =>
    getAuth(firebaseApp()).verifySessionCookie(cookie, revocation),
  );
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
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    // Not the token's fault: the keys or the user could not be fetched.
    if (code === 'auth/internal-error' || String(code).startsWith('app/network-')) {
      throw unavailable('firebase-auth');
    }
    if (String(code).startsWith('auth/')) throw unauthenticated();
    throw error;
  }
}

/** One answer for every reason, so that it teaches an attacker nothing. */
function unauthenticated(): StrongroomError {
  return new StrongroomError(
    'unauthenticated',
    'Sign in and send a current Firebase ID token (Authorization: Bearer) or session cookie.',
  );
}
