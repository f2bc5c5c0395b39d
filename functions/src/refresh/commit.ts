import { StrongroomError } from '../errors.ts';
import type { Recorder } from '../events/outbox.ts';
import { log } from '../logs.ts';
import type { Party } from '../oauth/party.ts';
import { revoke } from '../oauth/revocation.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import type { AttemptOutcome, RefreshDependencies } from './dependencies.ts';
import type { Given } from './landing.ts';
import type { Held } from './lease.ts';
import { spill } from './spill.ts';
import { writeGiven } from './write-given.ts';

const commitPauseMs = 200;
/** How long this process alone tries before a task is to do it, and before it is asked again. */
const spillAfterMs = 2_000;
/** How long the result of a refresh is tried to be written once its lease is over. */
const commitGraceMs = 30_000;

interface Refreshing {
  readonly previous: TokenSet;
  readonly next: TokenSet;
  readonly isForCaller: boolean;
}

/**
 * Writes what the provider gave, with one compare-and-set that requires the lease. Where the lease
 * was lost meanwhile (this process stood still), the result is written as long as it is the newest,
 * and what belongs to the next holder is left alone. Where Firestore stays away, the sealed result
 * is handed to a task, and the caller has his token.
 *
 * @throws StrongroomError `unavailable` where neither could be had until half a minute after the
 *   lease.
 */
export async function commit(
  dependencies: RefreshDependencies,
  party: Party,
  recorder: Recorder,
  held: Held,
  { previous, next, isForCaller }: Refreshing,
): Promise<AttemptOutcome> {
  const { clock } = dependencies;
  const { uid, lease, authorization, generation } = held.document;
  const given: Given = {
    id: held.id,
    uid,
    attempt: lease.owner,
    authorization,
    generation,
    tokenSet: next,
    isForCaller,
    ...(previous.scopes.join() !== next.scopes.join() && { scopes: next.scopes }),
  };
  const { provider } = party;
  const revokeGiven = async () => {
    await revoke(party, next).catch((error: unknown) => log.revocationFailed(error));
  };
  let spillAt = clock.ticks() + spillAfterMs;
  let known: Stored<VaultDocument> | undefined = held;
  for (;;) {
    try {
      return await writeGiven(dependencies, { provider, recorder, revokeGiven }, given, known);
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      // A write whose answer was lost may have happened: only a read can tell.
      known = undefined;
      if (clock.ticks() >= spillAt) {
        if (await spill(dependencies, provider, given)) {
          const opened = { tokenSet: next, generation: generation + 1, uid, provider };
          return { kind: 'refreshed', opened };
        }
        spillAt = clock.ticks() + spillAfterMs;
      }
      if (clock.now() > lease.until + commitGraceMs) throw error;
      await clock.sleep(commitPauseMs);
    }
  }
}
