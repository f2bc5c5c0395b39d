import { createHash, randomUUID } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
} from 'jose';
import * as v from 'valibot';

/** A private key of ES256 as JWK (RFC 7518 §6.2), to which a connection's tokens are bound. */
export const dpopKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  d: v.string(),
});

export type DpopKey = Readonly<v.InferOutput<typeof dpopKeySchema>>;

/** The algorithm of all proofs. */
export const dpopAlgorithm = 'ES256';

/** A key of its own for every authorization, so that no token of one is of use with another's key. */
export async function newDpopKey(): Promise<DpopKey> {
  const { privateKey } = await generateKeyPair(dpopAlgorithm, { extractable: true });
  return v.parse(dpopKeySchema, await exportJWK(privateKey));
}

/** What binds an authorization code to the key: `dpop_jkt` (RFC 9449 §10). */
export function thumbprintOf({ kty, crv, x, y }: DpopKey): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x, y });
}

/** The request that a proof is for. */
interface Proven {
  readonly method: string;
  readonly url: URL;
  /** What goes with it; absent at the token endpoint. */
  readonly accessToken?: string;
}

/** For as long as the key itself is kept in memory, and no longer. */
const signing = new WeakMap<DpopKey, Promise<CryptoKey | Uint8Array>>();

function signingKeyOf(key: DpopKey) {
  const found = signing.get(key) ?? importJWK({ ...key }, dpopAlgorithm);
  signing.set(key, found);
  return found;
}

/** A proof for one request (RFC 9449 §4.2), good for nothing but that, and once. */
export async function proofFor(
  key: DpopKey,
  { method, url, accessToken }: Proven,
): Promise<string> {
  const { kty, crv, x, y } = key;
  const server = accessToken === undefined ? 'authorization' : 'resource';
  const nonce = nonces.get(placeOf(key, server, url));
  const claims = {
    htm: method,
    htu: `${url.origin}${url.pathname}`,
    ...(accessToken !== undefined && { ath: sha256(accessToken) }),
    ...(nonce !== undefined && { nonce }),
  };
  // The provider's time is the real one; ours may be Firestore's.
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'dpop+jwt', alg: dpopAlgorithm, jwk: { kty, crv, x, y } })
    .setJti(randomUUID())
    .setIssuedAt()
    .sign(await signingKeyOf(key));
}

/** Who wants a nonce; both may be at one origin, and know nothing of each other's (RFC 9449 §9). */
type Server = 'authorization' | 'resource';

/** What servers gave last (RFC 9449 §8, §9). It is no secret. */
const nonces = new Map<string, string>();
/** The one given first makes room. */
const mostNonces = 10_000;
const longestNonce = 1_024;

/** Remembers the nonce that an answer gives for the next request there. */
export function noteNonce(key: DpopKey, server: Server, url: URL, nonce: unknown): void {
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > longestNonce) return;
  const place = placeOf(key, server, url);
  nonces.delete(place);
  nonces.set(place, nonce);
  const oldest = nonces.keys().next().value;
  if (nonces.size > mostNonces && oldest !== undefined) nonces.delete(oldest);
}

function placeOf({ x }: DpopKey, server: Server, { origin }: URL): string {
  return `${x} ${server} ${origin}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
