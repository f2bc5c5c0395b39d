import { StrongroomError } from '../errors.ts';
import type { Clock } from '../platform/clock.ts';
import { memoise, memoiseByKey } from '../platform/memoise.ts';
import type { SecretReader } from '../platform/secret-manager.ts';

/** One version of the key-encryption key: 256 bits, named by its version number. */
export interface KeyVersion {
  readonly kid: string;
  readonly key: Uint8Array;
}

/** The versions of one Secret Manager secret. The newest seals; every enabled one opens. */
export interface Keyring {
  /** @throws StrongroomError `unavailable`, `settings_invalid`. */
  sealingKey(): Promise<KeyVersion>;
  /** @throws StrongroomError `sealed_value_rejected` for a `kid` that names no enabled version. */
  openingKey(kid: string): Promise<KeyVersion>;
}

/** How long the newest version is believed to be the newest. */
const pointerTtlMs = 5 * 60_000;
const keyBytes = 32;

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
  const keep = (version: string, payload: Uint8Array): KeyVersion => {
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
  const access = memoiseByKey(async (version: string) => {
    const { payload } = await secrets.access(secretId, version);
    return keep(version, payload);
  });
  let sealedWith: KeyVersion | undefined;
  const accessNewest = async (): Promise<KeyVersion> => {
    try {
      const newest = await secrets.access(secretId, 'latest');
      return keep(newest.version, newest.payload);
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      // A key at hand seals while Secret Manager is away: a refresh must not wait for it.
      if (error.code === 'unavailable' && sealedWith !== undefined) return sealedWith;
      if (error.code !== 'settings_invalid') throw error;
      // The newest of all may be disabled; the newest enabled one seals.
      return access(await secrets.newestEnabled(secretId));
    }
  };

  let pointer: { newest: () => Promise<KeyVersion>; readAt: number } | undefined;
  return {
    async sealingKey() {
      if (pointer === undefined || clock.now() - pointer.readAt >= pointerTtlMs) {
        pointer = { newest: memoise(accessNewest), readAt: clock.now() };
      }
      sealedWith = await pointer.newest();
      return sealedWith;
    },
    async openingKey(kid) {
      const found = known.get(kid);
      if (found !== undefined) return found;
      if (!/^[1-9]\d{0,8}$/.test(kid)) throw rejected();
      try {
        return await access(kid);
      } catch (error) {
        if (error instanceof StrongroomError && error.code === 'settings_invalid') throw rejected();
        throw error;
      }
    },
  };
}

/** One code for whatever is wrong with a sealed value, so that it tells an attacker nothing. */
export function rejected(): StrongroomError {
  return new StrongroomError(
    'sealed_value_rejected',
    'A stored value is not what was sealed for this place. It was not used; reconnect the account.',
  );
}
