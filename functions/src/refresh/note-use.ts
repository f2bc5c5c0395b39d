import { dayMs } from '../platform/durations.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import { needsReauthAtOf, redate } from './calendar.ts';
import type { Opened, RefreshDependencies } from './dependencies.ts';
import { refreshAtOf } from './due.ts';

/** A caller waits that long at most. */
const patienceMs = 500;

type Dependencies = Pick<RefreshDependencies, 'store' | 'clock' | 'random'>;

/**
 * Notes that a caller was served from Firestore, where the provider's policy asks who is used; a
 * dormant connection wakes up by that. At most 1 write per connection and day, 2 where its date
 * moves. It never fails, and never gets in the way of a refresh: no lease is touched, and whoever
 * was first wins.
 */
export async function noteUse(
  dependencies: Dependencies,
  found: Stored<VaultDocument>,
  opened: Opened,
): Promise<void> {
  const { provider } = opened;
  const { usedAt, lease } = found.document;
  const now = dependencies.clock.now();
  if (provider.rotate.policy !== 'used' || lease !== null || now - usedAt < dayMs) return;
  const noting = note(dependencies, found, opened, now).catch(() => undefined);
  await Promise.race([noting, dependencies.clock.sleep(patienceMs)]);
}

async function note(
  { store, random }: Dependencies,
  found: Stored<VaultDocument>,
  { tokenSet, provider }: Opened,
  usedAt: number,
): Promise<void> {
  const { document } = found;
  if (document.refreshAt !== null) {
    await store.update(found, { usedAt });
    return;
  }
  const refreshAt = refreshAtOf(tokenSet, provider, usedAt, random);
  const needsReauthAt = needsReauthAtOf(tokenSet, provider, document, refreshAt);
  const { vault, status } = redate(document, needsReauthAt, usedAt);
  const isMoved = Object.keys(status).length > 0;
  await store.update(found, { usedAt, refreshAt, ...vault }, isMoved ? status : undefined);
}
