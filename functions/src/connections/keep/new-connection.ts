import type { TokenSet } from '../../oauth/token-set.ts';
import type { schedule } from '../../refresh/schedule.ts';
import { sealTokenSet } from '../../refresh/sealed-token-set.ts';
import { accountIdOf } from '../../store/account-store.ts';
import {
  type Account,
  alive,
  type StatusDocument,
  shards,
  type VaultDocument,
} from '../../store/documents.ts';
import type { Sealer } from '../../vault/seal.ts';

interface Making {
  readonly id: string;
  readonly uid: string;
  readonly provider: string;
  readonly account: Account;
  readonly tokenSet: TokenSet;
  /** Its document, to be deleted with the connection; null: it came without one. */
  readonly authorization: string | null;
  readonly times: ReturnType<typeof schedule>;
  readonly now: number;
}

/** Both documents of a connection that begins: what its owner may see, and what is sealed. */
export async function newConnection(
  { sealer, random }: { readonly sealer: Sealer; readonly random: () => number },
  { id, uid, provider, account, tokenSet, authorization, times, now }: Making,
): Promise<{ readonly status: StatusDocument; readonly secret: VaultDocument }> {
  return {
    status: {
      provider,
      ...alive,
      scopes: [...tokenSet.scopes],
      account,
      needsReauthAt: null,
      reauthDueInDays: null,
      createdAt: now,
      updatedAt: now,
      ...times.status,
    },
    secret: {
      ...(await sealTokenSet({ sealer }, { uid, id, generation: 1, provider }, tokenSet)),
      ...times.vault,
      ...alive,
      uid,
      provider,
      shard: Math.floor(random() * shards),
      authorization,
      accountId: accountIdOf(provider, account) ?? null,
      committedBy: null,
      events: 0,
    },
  };
}
