import { type ErrorCode, StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { inParallel } from '../platform/in-parallel.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { type PausedUntil, rateOf, rotationPeriodMs } from './allowance.ts';
import type { Batch, Due } from './batches.ts';
import type { FreshTokenSet } from './engine.ts';

/**
 * How long after its turn a connection is still refreshed. What is later is left to the next run of
 * the rotation, so that tasks which were held up do not fall upon the provider all at once.
 */
const latestMs = rotationPeriodMs / 2;

/** When a connection is tried again that cannot be refreshed before somebody mends something. */
const defectPauseMs = 60 * 60_000;

interface BatchDependencies {
  readonly store: Pick<ConnectionStore, 'postpone'>;
  readonly fresh: FreshTokenSet;
  readonly settings: SettingsReader;
  readonly pausedUntil: PausedUntil;
  readonly clock: Clock;
}

/**
 * Refreshes the connections of one batch whose generation is still the one that was due: as often
 * per second, and as many at a time, as the provider's settings say. A failure is the connection's
 * own: the others go on. A batch ends where its provider is paused or its time is over, which is two
 * minutes after its start at the latest; what it has not begun by then is due again at the next run.
 *
 * @throws StrongroomError `unavailable` where Firestore cannot tell whether the provider is paused.
 */
export function createRefreshBatch(dependencies: BatchDependencies) {
  const { store, fresh, settings, pausedUntil, clock } = dependencies;
  const isPaused = async (provider: string) => ((await pausedUntil(provider)) ?? 0) > clock.now();

  return async ({ provider, connections, startAt, isProbe = false }: Batch): Promise<void> => {
    const counts = { due: connections.length, done: 0, failed: 0 };
    const end = (reason: string) => log.rotated({ provider, ...counts, reason });
    const rate = await rateOf(settings, provider);
    if (rate === undefined) return;
    // Only an instance that knows of the trouble can tell that it is over.
    if (isProbe && (await isPaused(provider))) return end('paused');

    let reason = 'done';
    const attempt = async ({ id, generation }: Due): Promise<void> => {
      try {
        // One attempt and no waiting: a provider that is down is not asked more than callers do.
        const deadlineAt = clock.ticks();
        await fresh({ connectionId: id, newerThan: generation, deadlineAt });
        counts.done += 1;
      } catch (error) {
        counts.failed += 1;
        // A defect that meets one connection is no reason to leave the others.
        if (!(error instanceof StrongroomError)) log.unexpected('refreshBatch', error);
        // It must not come first in every run: many of its kind would leave the others no turn.
        if (isDefect(error)) await store.postpone(id, generation, clock.now() + defectPauseMs);
        if (isOfProvider(error) && (await isPaused(provider))) reason = 'paused';
      }
    };

    // The first has its turn now, whatever the time is here: the task queue has seen to that, and
    // Firestore's answer sets the clock by which the others have theirs.
    const [first, ...others] = connections;
    if (first !== undefined) await attempt(first);
    const turnMs = 1_000 / rate.perSecond;
    const startedAt = Math.min(startAt, clock.now() + rotationPeriodMs);
    let nextAt = Math.max(startedAt + turnMs, clock.now());
    const turns = others.map((due, index) => ({
      due,
      lastAt: startedAt + Math.min((index + 1) * turnMs, rotationPeriodMs) + latestMs,
    }));
    await inParallel(turns, rate.concurrency, async ({ due, lastAt }) => {
      const now = clock.now();
      const at = Math.max(nextAt, now);
      if (at > lastAt && reason === 'done') reason = 'late';
      if (reason !== 'done') return;
      nextAt = at + turnMs;
      if (at > now) await clock.sleep(at - now);
      // It may have been paused meanwhile.
      if (reason === 'done') await attempt(due);
    });
    end(reason);
  };
}

/** Whether a failure is the connection's own, and has changed nothing of when it is due. */
function isDefect(error: unknown): boolean {
  if (!(error instanceof StrongroomError)) return true;
  // The latter: where its server is, which its user said, is not known or not named any more.
  return error.code === 'sealed_value_rejected' || error.code === 'invalid_argument';
}

/** Whether the others of the provider may meet the same: then it is worth a look. */
function isOfProvider(error: unknown): boolean {
  if (!(error instanceof StrongroomError)) return false;
  const { code, details } = error;
  const codes: readonly ErrorCode[] = ['provider_misconfigured', 'provider_answer_invalid'];
  return codes.includes(code) || details.dependency === 'provider';
}
