import type { VaultDocument } from '../store/documents.ts';

/**
 * What pausing a connection writes, and what ends the pause. Rotation leaves a paused one alone: nobody
 * is there for whom a grant would be spent. Its lease is not touched: a refresh under way lands.
 */
export function paused({ refreshAt }: VaultDocument, now: number) {
  const pause = { pausedAt: now, refreshAt };
  return { status: 'paused', reason: null, refreshAt: null, pause } as const;
}

/** What was due meanwhile is due at once. */
export function resumed({ pause }: VaultDocument) {
  return {
    status: 'active',
    reason: null,
    refreshAt: pause?.refreshAt ?? null,
    pause: null,
  } as const;
}

/** When rotation is to refresh what was refreshed just now: while it is paused, later. */
export function heldBack(
  { status, pause }: VaultDocument,
  refreshAt: number | null,
): Pick<VaultDocument, 'refreshAt' | 'pause'> {
  if (status !== 'paused') return { refreshAt };
  return { refreshAt: null, ...(pause && { pause: { ...pause, refreshAt } }) };
}
