import { type Outbox, type Recorder, subjectOf } from '../../events/outbox.ts';
import type { Clock } from '../../platform/clock.ts';
import { inParallel } from '../../platform/in-parallel.ts';
import { warningOf } from '../../refresh/calendar.ts';
import type { Companion } from '../../store/companions.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { VaultDocument } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';

interface WarnDependencies {
  readonly store: Pick<ConnectionStore, 'listWarnings' | 'update'>;
  readonly outbox: Outbox;
  readonly clock: Clock;
}

const pageSize = 100;
const pagesPerRun = 100;
const atOnce = 20;

/**
 * Warns users 14 and 3 days before their grant ends: in the status document, and by the event
 * `expires_soon`. Each warning is given once, however runs overlap. Cost: 1 read where nothing is
 * due; else 1 read and 2 writes per warning, and those of its events; 10,000 warnings per run.
 *
 * @returns how many were warned.
 * @throws StrongroomError of the first that could not be warned, after all were tried.
 */
export function createWarn({ store, outbox, clock }: WarnDependencies) {
  /** @returns the events of a warning; undefined where none was given. */
  const warn = async (
    recorder: Recorder,
    found: Stored<VaultDocument>,
  ): Promise<readonly Companion[] | undefined> => {
    const { status, needsReauthAt } = found.document;
    const now = clock.now();
    const { days, warnAt } = warningOf(found.document, now);
    if (status !== 'active' || needsReauthAt === null || days === null) {
      await store.update(found, { warnAt: status === 'active' ? warnAt : null });
      return undefined;
    }
    const fact = { type: 'expires_soon', needsReauthAt, days } as const;
    const { patch, documents } = recorder.connection(subjectOf(found), fact);
    const said = { reauthDueInDays: days, updatedAt: now };
    const written = await store.update(found, { warnAt, ...patch }, said, documents);
    return written && documents;
  };

  return async (): Promise<number> => {
    let [warned, pages] = [0, 0];
    const failures: unknown[] = [];
    for await (const page of store.listWarnings(clock.now(), pageSize)) {
      const recorder = await outbox.open();
      const given: Companion[] = [];
      await inParallel(page, atOnce, async (found) => {
        try {
          const events = await warn(recorder, found);
          if (events !== undefined) warned += 1;
          given.push(...(events ?? []));
        } catch (error) {
          failures.push(error);
        }
      });
      await outbox.handOver(given);
      pages += 1;
      if (pages === pagesPerRun) break;
    }
    for (const failure of failures) throw failure;
    return warned;
  };
}
