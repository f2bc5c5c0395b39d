import type { StrongroomError } from '../errors.ts';
import type { Outbox } from '../events/outbox.ts';
import type { OAuthFailure } from '../oauth/failure.ts';
import type { PartyFinder } from '../oauth/party.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Clock } from '../platform/clock.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { CredentialProvider } from '../providers/credential-fields.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { Sealer } from '../vault/seal.ts';
import type { Circuits } from './circuit.ts';

export interface RefreshDependencies {
  readonly store: Pick<ConnectionStore, 'readVault' | 'update'>;
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly sealer: Sealer;
  readonly circuits: Circuits;
  readonly outbox: Outbox;
  readonly enqueue: Enqueue;
  /** Asks the API whether it takes a key, where the provider's data says how. */
  readonly verify?: (
    provider: CredentialProvider,
    tokenSet: TokenSet,
  ) => Promise<{ readonly kind: 'good' | 'refused' } | undefined>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A fresh identifier of an attempt. */
  readonly newId: () => string;
}

/** An opened token set, and whose it is. */
export interface Opened {
  readonly tokenSet: TokenSet;
  readonly generation: number;
  readonly uid: string;
  readonly provider: Provider;
}

/**
 * How an attempt ended. `again`: read the document anew. `failure`: what the provider said.
 * `retryAt`: when another may succeed.
 */
export type AttemptOutcome =
  | { readonly kind: 'refreshed'; readonly opened: Opened }
  | { readonly kind: 'again' }
  | {
      readonly kind: 'failed';
      readonly error: StrongroomError;
      readonly failure?: OAuthFailure;
      readonly retryAt?: number;
    };
