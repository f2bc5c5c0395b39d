import { createOutbox } from '../functions/src/events/outbox.ts';
import { OAuthFailure } from '../functions/src/oauth/failure.ts';
import type { Clock } from '../functions/src/platform/clock.ts';
import type { SettingsReader } from '../functions/src/providers/settings.ts';
import { createCircuits } from '../functions/src/refresh/circuit.ts';
import { settle } from '../functions/src/refresh/protocol.ts';
import type { VaultDocument } from '../functions/src/store/documents.ts';
import { createMemoryProviderStore } from '../functions/test/harness/provider-store.ts';

interface OutageDependencies {
  readonly settings: SettingsReader;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What an attempt at a provider came to. */
export type Attempt =
  | { readonly kind: 'works' }
  /** It gave no token. @property refreshAt when the connection is due again. */
  | { readonly kind: 'failed'; readonly refreshAt: number }
  /** Nobody may ask it now. */
  | { readonly kind: 'refused' };

export type Outages = ReturnType<typeof createOutages>;

/** Providers that may be down, as the suite's own circuits and failure rules see them. */
export function createOutages({ settings, clock, random }: OutageDependencies) {
  const outbox = createOutbox({ settings, clock, enqueue: async () => {} });
  const providers = createMemoryProviderStore(clock);
  const newId = () => 'probe';
  const circuits = createCircuits({ providers, outbox, clock, random, newId });
  const failuresOf = new Map<number, number>();

  return {
    pausedUntil: circuits.pausedUntil,

    /** One token request for that connection, at the clock's time. */
    async attempt(
      provider: string,
      connection: number,
      refreshAt: number,
      isDown: boolean,
    ): Promise<Attempt> {
      const id = String(connection);
      const admission = await circuits.admit(provider);
      if (admission.kind === 'refused') return { kind: 'refused' };
      if (!isDown) {
        await circuits.report(provider, id, admission, 'works');
        failuresOf.delete(connection);
        return { kind: 'works' };
      }
      const failure = new OAuthFailure('transient');
      const failures = failuresOf.get(connection) ?? 0;
      failuresOf.set(connection, failures + 1);
      const document = { ...blank, refreshAt, failures };
      const settled = settle(document, false, failure, clock.now(), random());
      await circuits.report(provider, id, admission, failure);
      const patched = settled.kind === 'paused' ? settled.patch.refreshAt : undefined;
      return { kind: 'failed', refreshAt: patched ?? refreshAt };
    },
  };
}

/** What else a vault document holds decides nothing here. */
const blank: VaultDocument = {
  uid: 'user',
  provider: 'provider',
  status: 'active',
  reason: null,
  generation: 1,
  sealed: '',
  keyVersion: '1',
  obtainedAt: 0,
  expiresAt: null,
  refreshAt: null,
  shard: 0,
  lease: null,
  retryAt: null,
  refusedWith: null,
  failures: 0,
  journal: null,
  authorization: null,
  committedBy: null,
  grantedAt: 0,
  refreshes: 0,
  usedAt: 0,
  needsReauthAt: null,
  warnAt: null,
  events: 0,
};
