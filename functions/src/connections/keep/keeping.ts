import type { Outbox } from '../../events/outbox.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { AuthorizationDocument } from '../../store/documents.ts';
import type { Sealer } from '../../vault/seal.ts';

export interface KeepDependencies {
  readonly store: ConnectionStore;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A fresh, unguessable identifier. */
  readonly newId: () => string;
}

/** Where tokens are to be kept: whose, at which provider, and which connection it heals, if any. */
export type Target = Pick<AuthorizationDocument, 'uid' | 'connectionId' | 'subject'> & {
  /**
   * Its document, to be deleted with the connection. The same one again is the same connecting again:
   * it changes nothing.
   */
  readonly authorization: string;
};
