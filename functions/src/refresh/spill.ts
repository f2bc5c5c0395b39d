import * as v from 'valibot';
import { log } from '../logs.ts';
import { revoke } from '../oauth/revocation.ts';
import { type TokenSet, tokenSetSchema } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { rejected } from '../vault/keyring.ts';
import { write } from './commit.ts';
import type { RefreshDependencies } from './dependencies.ts';
import type { Given } from './protocol.ts';

/** What a task carries: a token set, sealed, and where it belongs. */
export const spilledSchema = v.object({
  id: v.string(),
  uid: v.string(),
  provider: v.string(),
  attempt: v.string(),
  authorization: v.nullable(v.string()),
  generation: v.number(),
  scopes: v.exactOptional(v.array(v.string())),
  isForCaller: v.boolean(),
  sealed: v.string(),
});

export type Spilled = v.InferOutput<typeof spilledSchema>;

/**
 * Hands what the provider gave to a task, sealed, because Firestore cannot take it now.
 *
 * @returns whether the task has it.
 */
export async function spill(
  { sealer, enqueue }: Pick<RefreshDependencies, 'sealer' | 'enqueue'>,
  provider: Provider,
  { tokenSet, ...given }: Given,
): Promise<boolean> {
  const { jwe } = await sealer.seal(tokenSet, placeOf(given));
  try {
    await enqueue('commitRefresh', { ...given, provider: provider.id, sealed: jwe });
    log.spilled(given.id);
    return true;
  } catch (error) {
    log.spillFailed(given.id, error);
    return false;
  }
}

/**
 * The task's side: writes it as the process would have done. It may come twice or late: what is
 * written or overtaken already is left.
 *
 * @throws StrongroomError `unavailable`: the task is to be tried again.
 */
export function createCommitRefresh(dependencies: RefreshDependencies) {
  const { sealer, settings, findParty, outbox } = dependencies;
  return async ({ provider: providerId, sealed, ...given }: Spilled): Promise<void> => {
    const tokenSet = parse(await sealer.open(sealed, placeOf(given)));
    const provider = await settings.provider(providerId);
    const revokeGiven = async () => revoke(await findParty(provider), tokenSet);
    const recorder = await outbox.open();
    const surroundings = { provider, recorder, revokeGiven };
    await write(dependencies, surroundings, { ...given, tokenSet });
  };
}

function parse(value: unknown): TokenSet {
  const result = v.safeParse(tokenSetSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}

function placeOf({ uid, id, generation }: Omit<Given, 'tokenSet'>) {
  return { uid, document: id, field: 'spilledTokenSet', generation } as const;
}
