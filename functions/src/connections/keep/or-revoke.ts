import { log } from '../../logs.ts';
import type { Party } from '../../oauth/party.ts';
import { revoke } from '../../oauth/revocation.ts';
import type { TokenSet } from '../../oauth/token-set.ts';

/** Works with what a provider has just given; where that fails, no grant is left that nobody knows of. */
export async function orRevoke<T>(
  party: Party,
  tokenSet: TokenSet,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await revoke(party, tokenSet).catch((failure: unknown) => log.revocationFailed(failure));
    throw error;
  }
}
