import * as v from 'valibot';
import { StrongroomError, unavailable } from '../errors.ts';
import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { revoke } from '../oauth/revocation.ts';
import { tokenSetSchema } from '../oauth/token-set.ts';
import { within } from '../platform/within.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { rejected } from '../vault/keyring.ts';
import { write } from './commit.ts';
import type { RefreshDependencies } from './dependencies.ts';
import type { Given } from './protocol.ts';

/** What a task carries: where it belongs, and the rest sealed for that place. */
export const spilledSchema = v.object({
  id: v.string(),
  uid: v.string(),
  generation: v.number(),
  sealed: v.string(),
});

export type Spilled = v.InferOutput<typeof spilledSchema>;

/** All of it, so that whoever can make tasks can change nothing of it. */
const contentSchema = v.object({
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
    const { jwe } = await sealer.seal({ ...content, provider: provider.id }, placeOf(given));
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

/**
 * The task's side: writes it as the process would have done. It may come twice or late: what is
 * written or overtaken already is left.
 *
 * @throws StrongroomError `unavailable`: the task is to be tried again; `sealed_value_rejected`: it
 *   was not made by us, or for another place.
 */
export function createCommitRefresh(dependencies: RefreshDependencies) {
  const { sealer, settings, findParty, outbox } = dependencies;
  return async ({ sealed, ...place }: Spilled): Promise<void> => {
    const { provider: providerId, ...content } = parse(await sealer.open(sealed, placeOf(place)));
    const provider = await settings.provider(providerId);
    const revokeGiven = async () => {
      try {
        await revoke(await findParty(provider), content.tokenSet);
      } catch (error) {
        const failure = error instanceof OAuthFailure ? error.toStrongroomError() : error;
        log.revocationFailed(failure);
        // What will pass is worth another try.
        if (failure instanceof StrongroomError && failure.code === 'unavailable') throw failure;
      }
    };
    const recorder = await outbox.open();
    const surroundings = { provider, recorder, revokeGiven };
    await write(dependencies, surroundings, { ...place, ...content });
  };
}

function parse(value: unknown): v.InferOutput<typeof contentSchema> {
  const result = v.safeParse(contentSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}

function placeOf({ uid, id, generation }: Pick<Given, 'uid' | 'id' | 'generation'>) {
  return { uid, document: id, field: 'spilledTokenSet', generation } as const;
}
