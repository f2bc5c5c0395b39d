import type { VersionState } from '../platform/secret-writer.ts';
import type { Retiring } from '../store/key-store.ts';

/**
 * How long a version must have sealed no document before it is disabled. Longer than anything else can
 * carry a value that it sealed: a pending authorization (10 minutes) or a task of `commitRefresh` (a
 * day), each of an instance that took it for the newest (5 minutes).
 */
export const unnamedMs = 25 * 60 * 60_000;

/**
 * What becomes of an older version. `alert`: it was disabled, yet documents that it seals have turned
 * up, from a backup say; they open only once somebody enables it.
 */
export type Step = 'reseal' | 'wait' | 'disable' | 'destroy' | 'alert';

export function nextStepOf(
  state: VersionState['state'],
  { unnamedAt, disabledAt }: Retiring,
  now: number,
  destroyAfterMs: number,
): Step {
  if (unnamedAt === null) return state === 'enabled' ? 'reseal' : 'alert';
  if (state === 'enabled') return now - unnamedAt >= unnamedMs ? 'disable' : 'wait';
  return disabledAt !== null && now - disabledAt >= destroyAfterMs ? 'destroy' : 'wait';
}
