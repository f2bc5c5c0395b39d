import { createPublicKey } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type LocalServer,
  sendJson,
  startLocalServer,
} from '../../../sandbox/http/local-server.ts';
import { byRs256, jwt, newKey, type SigningKey } from './tokens.ts';

type Part = Readonly<Record<string, unknown>>;

/** What goes wrong with the keys. */
export type KeyFault = (response: ServerResponse) => void;

/** An authorization server that publishes whichever keys it is told to, and answers as it is told. */
export interface Issuer extends LocalServer {
  readonly key: SigningKey;
  /** The keys that it names from now on. */
  publish(...keys: readonly SigningKey[]): void;
  /** Answers so where its keys are, until `undefined`. */
  fail(fault: KeyFault | undefined): void;
  /** Changes its metadata. */
  describe(change: Part): void;
  /** How often each path was asked for. */
  asked(path: string): number;
}

export const jwksPath = '/keys';
export const oidcPath = '/.well-known/openid-configuration';
export const oauthPath = '/.well-known/oauth-authorization-server';

/** One for all: to make one takes a while. */
const key = newKey('first');

/** @param metadata where it describes itself. */
export async function startIssuer(metadata: string | undefined = oidcPath): Promise<Issuer> {
  const counts = new Map<string, number>();
  let published: readonly SigningKey[] = [key];
  let fault: KeyFault | undefined;
  let changes: Part = {};
  const server = await startLocalServer(async (request, response) => {
    const { url: path = '' } = request;
    counts.set(path, (counts.get(path) ?? 0) + 1);
    if (path === metadata) {
      const described = { issuer: server.url, jwks_uri: `${server.url}${jwksPath}`, ...changes };
      sendJson(response, 200, described);
    } else if (path !== jwksPath) sendJson(response, 404, {});
    else if (fault !== undefined) fault(response);
    else sendJson(response, 200, { keys: published.map(jwkOf) });
  }, 0);
  return {
    ...server,
    key,
    publish(...keys) {
      published = keys;
    },
    fail(next) {
      fault = next;
    },
    describe(change) {
      changes = change;
    },
    asked: (path) => counts.get(path) ?? 0,
  };
}

function jwkOf({ kid, publicPem }: SigningKey): object {
  const { kty, n, e } = createPublicKey(publicPem).export({ format: 'jwk' });
  return { kty, n, e, kid, use: 'sig', alg: 'RS256' };
}

export const audience = 'https://api.example/v1';

/** The claims of RFC 9068 §2.2; `undefined` leaves one out. @param now milliseconds. */
export function accessTokenClaims(issuer: string, change: Part = {}, now = Date.now()): Part {
  const seconds = Math.floor(now / 1_000);
  return {
    iss: issuer,
    aud: audience,
    sub: 'backend',
    client_id: 'backend',
    scope: 'connections.read',
    jti: 'one',
    iat: seconds,
    exp: seconds + 300,
    ...change,
  };
}

/** An access token as RFC 9068 has it. */
export function accessToken(key: SigningKey, claims: Part, header: Part = {}): string {
  return jwt({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header }, claims, byRs256(key));
}
