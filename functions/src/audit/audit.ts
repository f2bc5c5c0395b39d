import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { minuteMs } from '../platform/durations.ts';
import { within } from '../platform/within.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { AuditStore } from '../store/audit-store.ts';
import type { AuditFact, NewRecord } from './record.ts';
import { recordOf } from './recorder.ts';

/** Records what no commit of its own tells of; the rest rides on commits (`events/outbox.ts`). */
export interface Audit {
  /** 1 write. @throws StrongroomError `unavailable`: what must not go unrecorded must not happen. */
  write(fact: AuditFact): Promise<void>;
  /**
   * As far as possible: never throws, and takes 2 s at most.
   *
   * @param once what it is about: at most one record per minute of that, from one instance.
   */
  note(fact: AuditFact, once?: string): Promise<void>;
  /** A record for a commit, whatever the level. */
  prepare(fact: AuditFact): Promise<NewRecord>;
}

interface AuditDependencies {
  readonly store: Pick<AuditStore, 'add'>;
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly clock: Clock;
}

const noteTimeoutMs = 2_000;
const rememberedMax = 1_000;

/** Where records go that no commit carries. Of `once`, an instance remembers a thousand. */
export function createAudit({ store, settings, clock }: AuditDependencies): Audit {
  const noted = new Map<string, number>();

  /** How long to keep it must not be the reason that it is not written. */
  const prepare = async (fact: AuditFact, id?: string): Promise<NewRecord> => {
    const read = settings.read().catch(() => undefined);
    return recordOf(fact, (await read)?.audit, clock.now(), id);
  };
  const note = async (fact: AuditFact, id?: string) => {
    try {
      await within(
        noteTimeoutMs,
        prepare(fact, id).then((record) => store.add(record)),
      );
    } catch (error) {
      log.auditNotWritten(fact.type, error);
    }
  };

  return {
    prepare: (fact) => prepare(fact),
    async write(fact) {
      await store.add(await prepare(fact));
    },
    async note(fact, once) {
      if (once === undefined) return note(fact);
      const minute = Math.floor(clock.now() / minuteMs);
      if (noted.get(once) === minute) return;
      if (noted.size >= rememberedMax) noted.clear();
      noted.set(once, minute);
      // Other instances that note the same replace it.
      await note(fact, `${once.replaceAll(/[^\w-]/g, '_')}_${minute}`);
    },
  };
}
