import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { type Keyring, rejected } from './keyring.ts';

/** Where a sealed value belongs. All of it is authenticated: elsewhere it does not open. */
export interface Place {
  /** Empty where its user was forgotten. */
  readonly uid: string;
  /** The connection, or the hash of the state of a pending authorization. */
  readonly document: string;
  readonly field: 'tokenSet' | 'spilledTokenSet' | 'authorization' | 'grantToRevoke' | 'signIn';
  /** The generation of a token set; 0 for what has none. */
  readonly generation: number;
  /** Whose tokens or code it is for, where the document tells: another provider must not get them. */
  readonly provider?: string;
}

export interface Sealed {
  /** JWE compact serialization (RFC 7516 §3.1). */
  readonly jwe: string;
  /** The key version that sealed it. */
  readonly kid: string;
}

export interface Sealer {
  /**
   * Has a key at hand, so that sealing cannot fail for want of one.
   *
   * @param kid a version that is known to exist: no older one will seal.
   * @throws as `seal`.
   */
  prepare(kid?: string): Promise<void>;
  /** @throws StrongroomError `unavailable`, `settings_invalid`: no key, nothing sealed. */
  seal(value: unknown, place: Place): Promise<Sealed>;
  /**
   * @returns the parsed JSON, to be validated by the caller.
   * @throws StrongroomError `sealed_value_rejected` for a value that was altered, truncated or
   *   moved; `unavailable`; `settings_invalid` where its key is not to be had.
   */
  open(jwe: string, place: Place): Promise<unknown>;
}

const alg = 'A256GCMKW';
const enc = 'A256GCM';

/**
 * Seals JSON values as JWE: a fresh content key for each message, wrapped by the keyring's newest
 * version. The place stands in the protected header, which is the associated data of the
 * encryption (RFC 7516 §5.1 step 14), so a ciphertext that was moved to another user, connection,
 * field, generation or provider is refused.
 */
export function createSealer(keyring: Keyring): Sealer {
  return {
    async prepare(kid) {
      await keyring.sealingKey(kid);
    },
    async seal(value, place) {
      const { kid, key } = await keyring.sealingKey();
      const plaintext = new TextEncoder().encode(JSON.stringify(value));
      const jwe = await new CompactEncrypt(plaintext)
        .setProtectedHeader({ alg, enc, kid, ...headerOf(place) })
        .encrypt(key);
      return { jwe, kid };
    },
    async open(jwe, place) {
      const { key } = await keyring.openingKey(kidOf(jwe, place));
      try {
        const { plaintext } = await compactDecrypt(jwe, key, {
          keyManagementAlgorithms: [alg],
          contentEncryptionAlgorithms: [enc],
        });
        return JSON.parse(new TextDecoder().decode(plaintext));
      } catch {
        throw rejected();
      }
    },
  };
}

function headerOf({ uid, document, field, generation, provider }: Place) {
  const place = { uid, doc: document, fld: field, gen: generation };
  return provider === undefined ? place : { ...place, prv: provider };
}

/**
 * Compares the header with the place before any key is touched. The header is not yet
 * authenticated here; decryption does that, for exactly these bytes.
 */
function kidOf(jwe: string, place: Place): string {
  if (!jwe.split('.').every(isCanonical)) throw rejected();
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(jwe);
  } catch {
    throw rejected();
  }
  const matches = Object.entries(headerOf(place)).every(([name, value]) => header[name] === value);
  const { kid } = header;
  if (!matches || typeof kid !== 'string') throw rejected();
  return kid;
}

/**
 * Base64url as it is written (RFC 7515 §2). Decoders also take padding, white space and other last
 * characters; one message must have one form.
 */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}
