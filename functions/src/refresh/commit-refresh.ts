import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { revoke } from '../oauth/revocation.ts';
import { rejected } from '../vault/keyring.ts';
import type { RefreshDependencies } from './dependencies.ts';
import { type Spilled, spilledContentSchema, spilledPlaceOf } from './spill.ts';
import { writeGiven } from './write-given.ts';

/**
 * The task `commitRefresh`: writes what `spill` was given, as the process would have done. It may
 * come twice or late: what is written or overtaken already is left.
 *
 * @throws StrongroomError `unavailable`: the task is to be tried again; `sealed_value_rejected`: it
 *   was not made by us, or for another place.
 */
export function createCommitRefresh(dependencies: RefreshDependencies) {
  const { sealer, settings, findParty, outbox } = dependencies;
  return async ({ sealed, ...place }: Spilled): Promise<void> => {
    const { provider: providerId, ...content } = parse(
      await sealer.open(sealed, spilledPlaceOf(place)),
    );
    const provider = await settings.provider(providerId);
    const revokeGiven = async () => {
      try {
        await revoke(await findParty(provider, content.tokenSet), content.tokenSet);
      } catch (error) {
        const failure = error instanceof OAuthFailure ? error.toStrongroomError() : error;
        log.revocationFailed(failure);
        // What will pass is worth another try.
        if (failure instanceof StrongroomError && failure.code === 'unavailable') throw failure;
      }
    };
    const recorder = await outbox.open();
    const surroundings = { provider, recorder, revokeGiven };
    await writeGiven(dependencies, surroundings, { ...place, ...content });
  };
}

function parse(value: unknown): v.InferOutput<typeof spilledContentSchema> {
  const result = v.safeParse(spilledContentSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}
