import { dayMs } from '../platform/durations.ts';
import type { VersionState } from '../platform/secret-writer.ts';
import type { Retiring } from '../store/key-store.ts';

/**
 * How long a version must have sealed no document before it is disabled: longer than anything else can
 * carry a value that it sealed. Tasks do, of a grant that is to be revoked for eight days
 * (`connections/end/revoke-later.ts`) and of a refresh's result for one (`refresh/spill.ts`); pending
 * authorizations for ten minutes. Each may be of an instance that took it for the newest for five.
 */
export const unnamedMs = 9 * dayMs;

/**
 * What becomes of an older version. `alert`: it was disabled, yet documents that it seals have turned
 * up, from a backup say; they open only once somebody enables it.
 */
export type Step = 'reseal' | 'wait' | 'disable' | 'destroy' | 'alert';

/** What is to be done with an older version, as far as it can be. Pure. */
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
