import { StrongroomError } from '../errors.ts';
import type { ReauthReason, VaultDocument } from './documents.ts';

/** Also for a connection of somebody else: whether it exists is nobody's business. */
export function connectionNotFound(): StrongroomError {
  return new StrongroomError(
    'connection_not_found',
    'You have no such connection. connections-list names those that you have.',
    { field: 'connectionId' },
  );
}

/** What a caller of a connection that needs its user is told. */
export function needsReauth(reason: ReauthReason | null): StrongroomError {
  return new StrongroomError(
    'needs_reauth',
    'The account must be connected again: connections-begin, or connections-add where it takes ' +
      'credentials, with this connectionId.',
    reason === null ? {} : { reason },
  );
}

/** @throws StrongroomError `needs_reauth`, `connection_paused` */
export function assertUsable({ status, reason }: VaultDocument): void {
  if (status === 'needs_reauth') throw needsReauth(reason);
  if (status === 'paused') {
    throw new StrongroomError(
      'connection_paused',
      'The connection is paused because its owner is disabled or signed out everywhere.',
    );
  }
}
