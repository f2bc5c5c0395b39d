import type { Caller } from '../../identity/caller.ts';
import type { EndConnection } from './end.ts';

/** What the provider was told. */
export interface Disconnected {
  /** `false`: not yet, or it offers no revocation, or the grant was dead already. */
  readonly revoked: boolean;
  /** It cannot be reached now, and is told as soon as it can be. */
  readonly pending?: true;
}

export type Disconnect = (caller: Caller, connectionId: string) => Promise<Disconnected>;

/** Ends a connection at the wish of its user. Cost and errors: see `createEnd`. */
export function createDisconnect(end: EndConnection): Disconnect {
  return async ({ uid }, connectionId) => {
    const outcome = await end({ uid, connectionId, cause: 'user' });
    return { revoked: outcome === 'revoked', ...(outcome === 'later' && { pending: true }) };
  };
}
