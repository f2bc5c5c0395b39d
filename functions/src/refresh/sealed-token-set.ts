import * as v from 'valibot';
import { type TokenSet, tokenSetSchema } from '../oauth/token-set.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import { rejected } from '../vault/keyring.ts';
import type { Sealer } from '../vault/seal.ts';

/** @throws StrongroomError `sealed_value_rejected`, `unavailable` */
export async function openTokenSet(
  sealer: Sealer,
  { id, document }: Pick<Stored<VaultDocument>, 'id' | 'document'>,
): Promise<TokenSet> {
  const value = await sealer.open(document.sealed, placeOf({ ...document, id }));
  const result = v.safeParse(tokenSetSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}

interface Owner {
  readonly uid: string;
  /** The connection. */
  readonly id: string;
  /** The one that this token set makes. */
  readonly generation: number;
  readonly provider: string;
}

/** The fields of the vault document that a new token set replaces; whatever was pending is over. */
export async function sealTokenSet(
  { sealer }: { readonly sealer: Sealer },
  owner: Owner,
  tokenSet: TokenSet,
) {
  const { jwe, kid } = await sealer.seal(tokenSet, placeOf(owner));
  return {
    generation: owner.generation,
    sealed: jwe,
    keyVersion: kid,
    obtainedAt: tokenSet.obtainedAt,
    expiresAt: tokenSet.expiresAt ?? null,
    lease: null,
    journal: null,
    retryAt: null,
    refusedWith: null,
    failures: 0,
  };
}

/**
 * The same under the keyring's newest version, for the same place.
 *
 * @throws StrongroomError `sealed_value_rejected`, `unavailable`, `settings_invalid`
 */
export async function resealTokenSet(
  sealer: Sealer,
  { id, document }: Pick<Stored<VaultDocument>, 'id' | 'document'>,
) {
  const place = placeOf({ ...document, id });
  const { jwe, kid } = await sealer.seal(await sealer.open(document.sealed, place), place);
  return { sealed: jwe, keyVersion: kid };
}

function placeOf({ uid, id, generation, provider }: Owner) {
  return { uid, document: id, field: 'tokenSet', generation, provider } as const;
}
