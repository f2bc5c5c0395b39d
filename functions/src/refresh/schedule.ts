import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { VaultDocument } from '../store/documents.ts';
import { needsReauthAtOf, redate, undated } from './calendar.ts';
import type { RefreshDependencies } from './dependencies.ts';
import { refreshAtOf } from './due.ts';

/** What of a connection's past decides what comes. */
export type Past = Pick<
  VaultDocument,
  'grantedAt' | 'refreshes' | 'usedAt' | 'needsReauthAt' | 'warnAt'
>;

/** The past of a grant that its user gave just now. */
export function granted(now: number): Past {
  return { grantedAt: now, refreshes: 0, usedAt: now, ...undated };
}

/** The past of a grant that was refreshed just now, for a caller or for rotation. */
export function refreshed(before: Past, byCaller: boolean, now: number): Past {
  const { grantedAt, refreshes, usedAt, needsReauthAt, warnAt } = before;
  return {
    grantedAt,
    refreshes: refreshes + 1,
    usedAt: byCaller ? now : usedAt,
    needsReauthAt,
    warnAt,
  };
}

/** What a new token set has the vault and the status document say of times to come. */
export function schedule(
  { random, clock }: Pick<RefreshDependencies, 'random' | 'clock'>,
  provider: Provider,
  tokenSet: TokenSet,
  past: Past,
) {
  const refreshAt = refreshAtOf(tokenSet, provider, past.usedAt, random);
  const needsReauthAt = needsReauthAtOf(tokenSet, provider, past, refreshAt);
  const { vault, status } = redate(past, needsReauthAt, clock.now());
  return { vault: { ...past, refreshAt, ...vault }, status };
}
