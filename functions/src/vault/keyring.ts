import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { memoiseByKey } from '../platform/memoise.ts';
import {
  type SecretReader,
  SecretRefused,
  type SecretVersion,
} from '../platform/secret-manager.ts';

/** One version of the key-encryption key: 256 bits, named by its version number. */
export interface KeyVersion {
  readonly kid: string;
  readonly key: Uint8Array;
}

/** The versions of one Secret Manager secret. The newest enabled one seals; every enabled one opens. */
export interface Keyring {
  /**
   * @param atLeast a version that is known to exist: an older one will not do.
   * @throws StrongroomError `unavailable`, `settings_invalid`.
   */
  sealingKey(atLeast?: string): Promise<KeyVersion>;
  /**
   * @throws StrongroomError `sealed_value_rejected` for a `kid` that names no version; `unavailable`;
   *   `settings_invalid` where the version is disabled, may not be read or is no key, which says
   *   nothing against what it sealed.
   */
  openingKey(kid: string): Promise<KeyVersion>;
}

/** How long the newest version is believed to be the newest. */
export const pointerTtlMs = 5 * 60_000;
export const keyBytes = 32;

interface KeyringOptions {
  readonly secrets: SecretReader;
  readonly secretId: string;
  readonly clock: Clock;
}

/**
 * A version never changes, so it is kept for the life of the instance; which one is the newest is
 * asked again after some minutes. Both are shared promises: a hundred first callers cost one
 * access.
 */
export function createKeyring({ secrets, secretId, clock }: KeyringOptions): Keyring {
  const known = new Map<string, KeyVersion>();
  const keep = ({ version, payload }: SecretVersion): KeyVersion => {
    if (payload.length !== keyBytes) {
      throw new StrongroomError(
        'settings_invalid',
        `Version ${version} of the secret ${secretId} is not a key: it must hold ${keyBytes} bytes.`,
        { field: secretId },
      );
    }
    const found = known.get(version) ?? { kid: version, key: payload };
    known.set(version, found);
    return found;
  };
  const access = memoiseByKey(async (version: string) =>
    keep(await secrets.access(secretId, version)),
  );

  let newest: { readonly key: KeyVersion; readonly readAt: number } | undefined;
  let reading: Promise<KeyVersion> | undefined;
  const accessNewest = async (): Promise<KeyVersion> => {
    try {
      return keep(await secrets.access(secretId, 'latest'));
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      // The newest of all may be disabled; the newest enabled one seals.
      if (error instanceof SecretRefused && error.why === 'disabled') {
        return access(await secrets.newestEnabled(secretId));
      }
      // A key at hand seals while Secret Manager is away, or has something that is no key: a refresh
      // must not wait for it.
      if (newest === undefined || error instanceof SecretRefused) throw error;
      log.keyKept(newest.key.kid, error);
      return newest.key;
    }
  };
  const newestKey = async (): Promise<KeyVersion> => {
    if (newest !== undefined && clock.ticks() - newest.readAt < pointerTtlMs) return newest.key;
    const readAt = clock.ticks();
    reading ??= accessNewest()
      .then((key) => {
        newest = { key, readAt };
        return key;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  /** A version newer than the newest has been added since; it need not be asked for. */
  const adopt = (key: KeyVersion): KeyVersion => {
    if (newest !== undefined && Number(key.kid) > Number(newest.key.kid)) {
      newest = { key, readAt: newest.readAt };
    }
    return key;
  };

  const openingKey: Keyring['openingKey'] = async (kid) => {
    // What is being read may be it.
    if (!known.has(kid)) await reading?.catch(() => {});
    const found = known.get(kid);
    if (found !== undefined) return found;
    if (!/^[1-9]\d{0,8}$/.test(kid)) throw rejected();
    try {
      return adopt(await access(kid));
    } catch (error) {
      if (!(error instanceof SecretRefused) || error.why !== 'missing') throw error;
      // Where it is the secret that is missing, this says so.
      await newestKey();
      throw rejected();
    }
  };

  return {
    async sealingKey(atLeast = '0') {
      const key = await newestKey();
      return Number(key.kid) >= Number(atLeast) ? key : adopt(await openingKey(atLeast));
    },
    openingKey,
  };
}

/** One code for whatever is wrong with a sealed value, so that it tells an attacker nothing. */
export function rejected(): StrongroomError {
  return new StrongroomError(
    'sealed_value_rejected',
    'A stored value is not what was sealed for this place. It was not used; reconnect the account.',
  );
}
