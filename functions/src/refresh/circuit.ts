import { StrongroomError } from '../errors.ts';
import type { Outbox } from '../events/outbox.ts';
import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import type { Clock } from '../platform/clock.ts';
import type { ProviderDocument, ProviderStore } from '../store/provider-store.ts';
import type { Stored } from '../store/stored.ts';
import { leaseMs } from './protocol.ts';
import { type Admission, type Cause, causeOf, isOpen, pauseOf, refusal } from './trouble.ts';

/** Connections in a row that got no answer until a provider counts as down. */
const downAfter = 5;
/** How soon to look again whether another's probe has succeeded. */
const lookAgainMs = 1_000;
/** A probe is over by then, or whoever made it has vanished. */
const probeMs = leaseMs;
export interface Circuits {
  /** 0 reads as long as this instance knows of no trouble. Never throws. */
  admit(provider: string): Promise<Admission>;
  /** What became of an admitted request; undefined: it was not made. Never throws. */
  report(
    provider: string,
    connectionId: string,
    admission: Admission,
    verdict: 'works' | OAuthFailure | undefined,
  ): Promise<void>;
  /**
   * When the provider may be asked again, in milliseconds since the epoch; undefined: at any time.
   * 1 read. @throws StrongroomError `unavailable`
   */
  pausedUntil(provider: string): Promise<number | undefined>;
}

interface CircuitDependencies {
  readonly providers: Pick<ProviderStore, 'read' | 'write'>;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
}

/** What an instance knows of a provider that is in trouble. */
interface Known {
  readonly cause: Cause;
  readonly providerError: string | null;
  retryAt: number;
  /** Firestore cannot tell: this instance finds out by itself, one request at a time. */
  isAlone: boolean;
}

/**
 * One circuit per provider, so that what is wrong with all of its connections is not found out by
 * each: while it is open nobody asks, but one probe of all instances. Its state is shared in
 * Firestore; an instance looks there only once it has met trouble itself, so it costs nothing while
 * all is well, and each instance at most one request to learn of it.
 */
export function createCircuits(dependencies: CircuitDependencies): Circuits {
  const { providers, outbox, clock, random, newId } = dependencies;
  const known = new Map<string, Known>();
  const unanswered = new Map<string, Set<string>>();

  const adopt = (provider: string, document: ProviderDocument | undefined): Known | undefined => {
    if (document?.circuit !== 'open') {
      known.delete(provider);
      return undefined;
    }
    const { cause, providerError, retryAt } = document;
    const entry = { cause: cause ?? 'down', providerError, retryAt: retryAt ?? 0, isAlone: false };
    known.set(provider, entry);
    return entry;
  };

  const open = async (
    provider: string,
    found: Stored<ProviderDocument> | undefined,
    cause: Cause,
    failure: OAuthFailure,
  ): Promise<void> => {
    const now = clock.now();
    const isProbe = found !== undefined && isOpen(found.document, now);
    const failures = isProbe ? found.document.failures + 1 : 0;
    const pauseMs = pauseOf(cause, failures, failure.retryAfterSeconds, random());
    const providerError = failure.providerError ?? null;
    const before = found?.document.events ?? 0;
    const recorder = await outbox.open();
    const { patch, documents } = isProbe
      ? { patch: {}, documents: [] }
      : recorder.provider({ provider, events: before }, { type: 'provider_down', reason: cause });
    const document: ProviderDocument = {
      circuit: 'open',
      cause,
      providerError,
      openedAt: isProbe ? found.document.openedAt : now,
      retryAt: now + pauseMs,
      failures,
      probe: null,
      events: before,
      ...patch,
    };
    known.set(provider, { cause, providerError, retryAt: now + pauseMs, isAlone: false });
    // Where another was faster, his word stands: the next look will tell.
    const version = await providers.write(provider, found, document, documents);
    if (isProbe || (version === undefined && !(await isWritten(provider, document)))) return;
    log.providerDown(provider, cause, providerError);
    await outbox.handOver(documents);
  };

  /** Whether a write that seems to have come too late was ours, its first answer lost. */
  const isWritten = async (provider: string, { openedAt, retryAt }: ProviderDocument) => {
    const now = (await providers.read(provider))?.document;
    return now?.openedAt === openedAt && now.retryAt === retryAt;
  };

  const close = async (provider: string, probe: Stored<ProviderDocument>): Promise<void> => {
    const { openedAt, events } = probe.document;
    const recorder = await outbox.open();
    const downSinceAt = openedAt ?? clock.now();
    const { patch, documents } = recorder.provider(
      { provider, events },
      { type: 'provider_recovered', downSinceAt },
    );
    const closed = { circuit: 'closed', cause: null, providerError: null, openedAt: null } as const;
    const idle = { retryAt: null, failures: 0, probe: null, events, ...patch };
    known.delete(provider);
    const version = await providers.write(provider, probe, { ...closed, ...idle }, documents);
    if (version === undefined) return;
    log.providerRecovered(provider);
    await outbox.handOver(documents);
  };

  /** Takes the one probe, if it is there to be taken. */
  const probe = async (provider: string): Promise<Admission> => {
    const found = await providers.read(provider);
    const now = clock.now();
    const current = adopt(provider, found?.document);
    if (found === undefined || current === undefined) return { kind: 'admitted' };
    if (now < current.retryAt) return refusal(current, now);
    current.retryAt = now + lookAgainMs;
    if (found.document.probe !== null && now < found.document.probe.until) {
      return refusal(current, now);
    }
    const taken = { ...found.document, probe: { owner: newId(), until: now + probeMs } };
    const version = await providers.write(provider, found, taken, []);
    if (version === undefined) return refusal(current, now);
    return { kind: 'admitted', probe: { ...found, document: taken, version } };
  };

  const giveBack = async (provider: string, taken: Stored<ProviderDocument>): Promise<void> => {
    await providers.write(provider, taken, { ...taken.document, probe: null }, []);
    const entry = known.get(provider);
    if (entry !== undefined) entry.retryAt = clock.now();
  };

  return {
    async admit(provider) {
      const entry = known.get(provider);
      if (entry === undefined) return { kind: 'admitted' };
      const now = clock.now();
      if (now < entry.retryAt) return refusal(entry, now);
      // One of this instance looks; the others need not wait for it.
      entry.retryAt = now + lookAgainMs;
      try {
        return await probe(provider);
      } catch (error) {
        if (!(error instanceof StrongroomError)) throw error;
        log.circuitNotRead(provider, error);
        entry.isAlone = true;
        entry.retryAt = now + pauseOf(entry.cause, 0, 0, random());
        return { kind: 'admitted' };
      }
    },

    async report(provider, connectionId, admission, verdict) {
      if (admission.kind === 'refused') return;
      const cause = verdict instanceof OAuthFailure ? causeOf(verdict) : undefined;
      try {
        if (verdict === undefined) {
          if (admission.probe !== undefined) await giveBack(provider, admission.probe);
          return;
        }
        if (verdict === 'works' || cause === undefined) {
          unanswered.delete(provider);
          if (admission.probe !== undefined) await close(provider, admission.probe);
          else if (known.get(provider)?.isAlone === true) known.delete(provider);
          return;
        }
        if (admission.probe !== undefined)
          return await open(provider, admission.probe, cause, verdict);
        const row = unanswered.get(provider) ?? new Set();
        unanswered.set(provider, row.add(connectionId));
        if (known.has(provider) || (cause === 'down' && row.size < downAfter)) return;
        unanswered.delete(provider);
        const { retryAfterSeconds, providerError = null } = verdict;
        const now = clock.now();
        const retryAt = now + pauseOf(cause, 0, retryAfterSeconds, random());
        // Nobody here asks meanwhile, nor where Firestore cannot tell.
        known.set(provider, { cause, providerError, retryAt, isAlone: true });
        try {
          const found = await providers.read(provider);
          if (found !== undefined && isOpen(found.document, now)) {
            adopt(provider, found.document);
            return;
          }
          await open(provider, found, cause, verdict);
        } catch (error) {
          // Better said by each instance than by none.
          log.providerDown(provider, cause, providerError);
          throw error;
        }
      } catch (error) {
        if (!(error instanceof StrongroomError)) throw error;
        log.circuitNotWritten(provider, error);
      }
    },

    async pausedUntil(provider) {
      try {
        return adopt(provider, (await providers.read(provider))?.document)?.retryAt;
      } catch (error) {
        if (!(error instanceof StrongroomError) || error.code === 'unavailable') throw error;
        // A document that is not ours must not stop the rotation.
        log.circuitNotRead(provider, error);
        return known.get(provider)?.retryAt;
      }
    },
  };
}
