import { StrongroomError } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import type { AuthorizationDocument } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';

/** By which callable another authorization is begun. */
type Beginning = 'connections-begin' | 'connections-beginDevice';

/** An authorization that waits for its answer. */
export interface Pending {
  readonly stored: Stored<AuthorizationDocument>;
  readonly sealed: string;
}

/**
 * @throws StrongroomError `state_unknown`, `state_of_another_user`, `state_used`, `state_expired`; also
 *   where it was begun in the other way: what one way takes the other must not.
 */
export function pendingOf(
  stored: Stored<AuthorizationDocument> | undefined,
  { uid }: Caller,
  now: number,
  beginning: Beginning,
): Pending {
  const isDevices = Boolean(stored?.document.device);
  if (stored === undefined || isDevices !== (beginning === 'connections-beginDevice')) {
    throw stateUnknown(beginning);
  }
  const { document } = stored;
  if (document.uid !== uid) {
    throw new StrongroomError(
      'state_of_another_user',
      'This authorization was begun by another user. Only he can complete it.',
      { field: 'state' },
    );
  }
  if (document.usedAt !== null || document.sealed === null) throw stateUsed(beginning);
  if (now >= document.expiresAt) {
    throw new StrongroomError(
      'state_expired',
      `This authorization took too long. Call ${beginning} again.`,
      { field: 'state' },
    );
  }
  return { stored, sealed: document.sealed };
}

function stateUnknown(beginning: Beginning): StrongroomError {
  return new StrongroomError(
    'state_unknown',
    `No authorization was begun with this state. Call ${beginning} first.`,
    { field: 'state' },
  );
}

export function stateUsed(beginning: Beginning): StrongroomError {
  return new StrongroomError(
    'state_used',
    `This authorization was completed already. Call ${beginning} for another.`,
    { field: 'state' },
  );
}
