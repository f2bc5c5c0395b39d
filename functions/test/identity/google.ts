import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord, readJsonObject } from '../../../sandbox/http/body.ts';
import {
  type LocalServer,
  sendJson,
  startLocalServer,
} from '../../../sandbox/http/local-server.ts';
import { newKey, projectId, type SigningKey } from './tokens.ts';

/** A user as Firebase Auth knows him. */
export interface Account {
  readonly disabled?: boolean;
  /** Tokens of sign-ins before this are revoked; seconds since the epoch. */
  readonly validSince?: number;
  /** Milliseconds since the epoch. Default: never. */
  readonly lastSignInAt?: number;
}

/** What of Google the SDK asks when it verifies a session outside the emulators. */
export interface Google extends LocalServer {
  readonly idTokenKey: SigningKey;
  readonly sessionCookieKey: SigningKey;
  readonly appCheckKey: SigningKey;
  readonly accounts: Map<string, Account>;
  /** How often App Check was asked whether a token had been used. */
  consumptions(): number;
  /** How often accounts were looked up. */
  lookups(): number;
  /** Makes the keys or the accounts fail with this status; undefined: no more. */
  fail(what: 'keys' | 'accounts' | 'appCheck', status: number | undefined): void;
}

const accessToken = 'access-token-of-the-service-account';

export async function startGoogle(): Promise<Google> {
  const idTokenKey = newKey('id-token-key');
  const sessionCookieKey = newKey('session-cookie-key');
  const accounts = new Map<string, Account>();
  const appCheckKey = newKey('app-check-key');
  const consumed = new Set<unknown>();
  const failures = new Map<'keys' | 'accounts' | 'appCheck', number>();
  let [lookups, consumptions] = [0, 0];

  const sendKeys = (response: ServerResponse, { kid, publicPem }: SigningKey) => {
    const status = failures.get('keys');
    if (status !== undefined) return sendJson(response, status, { error: 'down' });
    const headers = { 'cache-control': 'public, max-age=3600' };
    return sendJson(response, 200, { [kid]: publicPem }, headers);
  };
  const consume = async (request: IncomingMessage, response: ServerResponse) => {
    consumptions += 1;
    const status = failures.get('appCheck');
    if (status !== undefined) return sendJson(response, status, { error: { message: 'DOWN' } });
    const { app_check_token: token } = await readJsonObject(request);
    const alreadyConsumed = consumed.has(token);
    consumed.add(token);
    return sendJson(response, 200, alreadyConsumed ? { alreadyConsumed } : {});
  };
  const lookUp = async (request: IncomingMessage, response: ServerResponse) => {
    lookups += 1;
    const status = failures.get('accounts');
    if (status !== undefined) return sendJson(response, status, { error: { message: 'DOWN' } });
    if (request.headers.authorization !== `Bearer ${accessToken}`) {
      return sendJson(response, 401, { error: { message: 'UNAUTHENTICATED' } });
    }
    const { localId } = await readJsonObject(request);
    const users = (Array.isArray(localId) ? localId : []).flatMap((uid) => {
      const account = accounts.get(uid);
      if (account === undefined) return [];
      const { disabled = false, validSince = 0, lastSignInAt } = account;
      return [
        {
          localId: uid,
          disabled,
          validSince: String(validSince),
          ...(lastSignInAt !== undefined && { lastLoginAt: String(lastSignInAt) }),
        },
      ];
    });
    return sendJson(response, 200, users.length > 0 ? { users } : {});
  };

  const routes: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>
  > = {
    'www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com': (_, to) =>
      sendKeys(to, idTokenKey),
    'www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys': (_, to) =>
      sendKeys(to, sessionCookieKey),
    [`identitytoolkit.googleapis.com/v1/projects/${projectId}/accounts:lookup`]: lookUp,
    'firebaseappcheck.googleapis.com/v1/jwks': (_, to) =>
      sendJson(to, 200, { keys: [appCheckKey.jwk] }),
    [`firebaseappcheck.googleapis.com/v1beta/projects/${projectId}:verifyAppCheckToken`]: consume,
    // The metadata server, from which a function in the cloud has its access token.
    '/computeMetadata/v1/instance/service-accounts/default/token': (_, to) =>
      sendJson(
        to,
        200,
        { access_token: accessToken, expires_in: 3_600, token_type: 'Bearer' },
        { 'metadata-flavor': 'Google' },
      ),
  };
  const server = await startLocalServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const host = request.headers.host ?? '';
    const route = routes[`${host.startsWith('127.') ? '' : host}${pathname}`];
    if (route === undefined) sendJson(response, 404, { error: `Nothing at ${host}${pathname}` });
    else await route(request, response);
  }, 0);

  return {
    ...server,
    idTokenKey,
    sessionCookieKey,
    appCheckKey,
    accounts,
    consumptions: () => consumptions,
    lookups: () => lookups,
    fail(what, status) {
      if (status === undefined) failures.delete(what);
      else failures.set(what, status);
    },
  };
}

/** The stable code of an answer of the callables or of the REST API. */
export function codeOf(body: unknown): unknown {
  if (!isRecord(body)) return undefined;
  const { error, code } = body;
  if (!isRecord(error)) return code;
  return isRecord(error['details']) ? error['details']['code'] : error['status'];
}
