import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import type { Context } from './middleware.ts';
import type { Settings } from './settings.ts';

/** Why a proof will not do (RFC 9449 §7.1, §9). */
export type ProofProblem = 'invalid_dpop_proof' | 'use_dpop_nonce';

const recentSeconds = 300;
const remembered = 10_000;

/** Checks the proofs that come with calls to the API: each is good for one request, and once. */
export class Proofs {
  readonly #settings: Readonly<Settings>;
  readonly #origin: string;
  readonly #seen = new Set<string>();
  readonly #nonces = new Set<string>();

  constructor(settings: Readonly<Settings>, origin: string) {
    this.#settings = settings;
    this.#origin = origin;
  }

  /** The key that the proof of this request is made with, as its thumbprint. */
  async check(ctx: Context, accessToken: string): Promise<{ jkt: string } | ProofProblem> {
    const options = { algorithms: ['ES256'], typ: 'dpop+jwt', maxTokenAge: recentSeconds };
    const proof = await jwtVerify(ctx.get('dpop'), EmbeddedJWK, options).catch(() => undefined);
    if (proof === undefined) return 'invalid_dpop_proof';
    const { jti, htm, htu, ath, nonce } = proof.payload;
    const hash = createHash('sha256').update(accessToken).digest('base64url');
    const fits = htm === ctx.method && htu === `${this.#origin}${ctx.path}` && ath === hash;
    if (!fits || jti === undefined || this.#seen.has(jti)) return 'invalid_dpop_proof';
    this.#seen.add(jti);
    trim(this.#seen);
    if (this.#settings.dpopNonces && !this.#nonces.has(String(nonce))) return 'use_dpop_nonce';
    const { jwk } = proof.protectedHeader;
    return jwk === undefined ? 'invalid_dpop_proof' : { jkt: await calculateJwkThumbprint(jwk) };
  }

  /** A nonce that proofs may hold from now on. */
  newNonce(): string {
    const nonce = randomBytes(16).toString('base64url');
    this.#nonces.add(nonce);
    trim(this.#nonces);
    return nonce;
  }
}

function trim(kept: Set<string>): void {
  const [oldest] = kept;
  if (kept.size > remembered && oldest !== undefined) kept.delete(oldest);
}
