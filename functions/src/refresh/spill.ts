import * as v from 'valibot';
import { unavailable } from '../errors.ts';
import { log } from '../logs.ts';
import { tokenSetSchema } from '../oauth/token-set.ts';
import { within } from '../platform/within.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { RefreshDependencies } from './dependencies.ts';
import type { Given } from './landing.ts';

/** What a task carries: where it belongs, and the rest sealed for that place. */
export const spilledSchema = v.object({
  id: v.string(),
  uid: v.string(),
  generation: v.number(),
  sealed: v.string(),
});

export type Spilled = v.InferOutput<typeof spilledSchema>;

/** All of it, so that whoever can make tasks can change nothing of it. */
export const spilledContentSchema = v.object({
  provider: v.string(),
  attempt: v.string(),
  authorization: v.nullable(v.string()),
  scopes: v.exactOptional(v.array(v.string())),
  isForCaller: v.boolean(),
  tokenSet: tokenSetSchema,
});

/** A task queue that gives no answer must not keep the process from Firestore. */
const handOverTimeoutMs = 3_000;

/**
 * Hands what the provider gave to a task, sealed, because Firestore cannot take it now.
 *
 * @returns whether the task has it.
 */
export async function spill(
  { sealer, enqueue }: Pick<RefreshDependencies, 'sealer' | 'enqueue'>,
  provider: Provider,
  given: Given,
): Promise<boolean> {
  const { id, uid, generation, ...content } = given;
  try {
    const { jwe } = await sealer.seal({ ...content, provider: provider.id }, spilledPlaceOf(given));
    const spilled: Spilled = { id, uid, generation, sealed: jwe };
    const late = () => unavailable('task-queue');
    await within(handOverTimeoutMs, enqueue('commitRefresh', spilled), late);
    log.spilled(id);
    return true;
  } catch (error) {
    log.spillFailed(id, error);
    return false;
  }
}

/** Where it is sealed for. */
export function spilledPlaceOf({ uid, id, generation }: Pick<Given, 'uid' | 'id' | 'generation'>) {
  return { uid, document: id, field: 'spilledTokenSet', generation } as const;
}
