import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { inParallel } from '../platform/in-parallel.ts';
import type { Enqueue } from '../platform/tasks.ts';
import { resealTokenSet } from '../refresh/sealed-token-set.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Stored } from '../store/stored.ts';
import { pointerTtlMs } from '../vault/keyring.ts';
import type { Sealer } from '../vault/seal.ts';

const versionSchema = v.pipe(v.string(), v.regex(/^[1-9]\d{0,8}$/));

/** What a task is told: which documents are its, and under which version they belong. */
export const resealSchema = v.object({
  from: versionSchema,
  /** That version or a newer one. */
  to: versionSchema,
  /** Those whose ids come after this one; absent: all. */
  after: v.exactOptional(v.string()),
  /** How often all of them were gone through, this time included. */
  pass: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export type Resealing = v.InferOutput<typeof resealSchema>;

interface ResealDependencies {
  readonly store: Pick<ConnectionStore, 'update'>;
  readonly keys: KeyStore;
  readonly sealer: Sealer;
  readonly enqueue: Enqueue;
  readonly clock: Clock;
}

/** Documents per task. */
const resealPage = 100;
const atOnce = 10;
/** By then nobody seals with the old version any more, and no lease of now lives. */
const passPauseMs = pointerTtlMs + 60_000;
/** What is left after that many is left to the next run of `rotateKeys`. */
const longestPass = 5;

type Outcome = 'resealed' | 'left' | 'refused';

/**
 * Seals a page of documents anew under the newest version, and hands the next page to the next task.
 * Nothing else of a document changes, its generation neither: a refresh that comes in between wins by
 * its compare-and-set, and a document whose lease is held is left for a later pass, since its holder
 * would lose his. A task may die anywhere or come twice: what is done no longer names the old version.
 *
 * @throws StrongroomError `unavailable`, `settings_invalid`: the task is to be tried again.
 */
export function createReseal(dependencies: ResealDependencies) {
  const { store, keys, sealer, enqueue, clock } = dependencies;

  const reseal = async (found: Stored<VaultDocument>, from: string): Promise<Outcome> => {
    const { lease } = found.document;
    if (lease !== null && clock.now() < lease.until) return 'left';
    try {
      const fields = await resealTokenSet(sealer, found);
      if (fields.keyVersion === from) return 'left';
      return (await store.update(found, fields)) === undefined ? 'left' : 'resealed';
    } catch (error) {
      const isRejected = error instanceof StrongroomError && error.code === 'sealed_value_rejected';
      if (!isRejected) throw error;
      return 'refused';
    }
  };

  return async ({ from, to, after, pass }: Resealing): Promise<void> => {
    await sealer.prepare(to);
    const page = await keys.listNaming(from, after, resealPage);
    const refused = [...page.malformed];
    const counts = { resealed: 0, left: 0, refused: 0 };
    try {
      await inParallel(page.found, atOnce, async (found) => {
        const outcome = await reseal(found, from);
        counts[outcome] += 1;
        if (outcome === 'refused') refused.push(found.id);
      });
    } finally {
      counts.refused = refused.length;
      const isTold = after === undefined || refused.length > 0;
      await keys.count(counts.resealed, { updatedAt: clock.now(), ...(isTold && { refused }) });
      log.resealed({ from, to, pass, ...counts }, refused);
    }

    if (page.next !== undefined) {
      await enqueue('resealBatch', { from, to, pass, after: page.next } satisfies Resealing);
      return;
    }
    const left = await keys.countNaming(from);
    await keys.note({ left, updatedAt: clock.now() });
    // An instance may have sealed with the old version behind this pass's back.
    if (pass < longestPass && (pass === 1 || left > refused.length)) {
      const again = { from, to, pass: pass + 1 } satisfies Resealing;
      await enqueue('resealBatch', again, { delaySeconds: passPauseMs / 1_000 });
    }
  };
}
