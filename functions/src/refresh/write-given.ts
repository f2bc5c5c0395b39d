import { type Recorder, subjectOf } from '../events/outbox.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { VaultDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import type { AttemptOutcome, RefreshDependencies } from './dependencies.ts';
import { type Given, land, landingOf } from './landing.ts';
import { heldBack } from './paused.ts';
import { refreshed, schedule } from './schedule.ts';
import { sealTokenSet } from './sealed-token-set.ts';

interface Surroundings {
  readonly provider: Provider;
  readonly recorder: Recorder;
  readonly revokeGiven: () => Promise<void>;
}

/**
 * Writes what a provider gave onto the document as it is now, as long as it is the newest.
 *
 * @param known the document where it was read already.
 * @throws StrongroomError `unavailable`: it may have been written all the same.
 */
export async function writeGiven(
  dependencies: RefreshDependencies,
  { provider, recorder, revokeGiven }: Surroundings,
  given: Given,
  known?: Stored<VaultDocument>,
): Promise<AttemptOutcome> {
  const { store, clock, outbox } = dependencies;
  const { id, uid, tokenSet } = given;
  let current = known ?? (await store.readVault(id));
  for (;;) {
    const landing = landingOf(given, current?.document);
    if (current === undefined || landing === 'gone') {
      // Disconnected meanwhile: what was just given must not outlive it.
      await revokeGiven();
      return { kind: 'again' };
    }
    if (landing === 'overtaken') return { kind: 'again' };
    const { document } = current;
    if (landing === 'landed') {
      const { generation } = document;
      return { kind: 'refreshed', opened: { tokenSet, generation, uid, provider } };
    }
    const generation = document.generation + 1;
    const owner = { uid, id, generation, provider: provider.id };
    const sealed = await sealTokenSet(dependencies, owner, tokenSet);
    const past = refreshed(document, given.isForCaller, clock.now());
    const times = schedule(dependencies, provider, tokenSet, past);
    const landed = land(given, document);
    const { patch, documents } = recorder.connection(
      subjectOf(current),
      { type: 'refreshed', generation, expiresAt: sealed.expiresAt },
      ...(landed.isRevived ? [{ type: 'recovered' } as const] : []),
    );
    const status = { ...times.status, ...landed.status };
    const isVisible = Object.keys(status).length > 0;
    const written = await store.update(
      current,
      {
        ...sealed,
        ...times.vault,
        ...heldBack(document, times.vault.refreshAt),
        ...landed.vault,
        ...patch,
      },
      isVisible ? { ...status, updatedAt: clock.now() } : undefined,
      documents,
    );
    if (written !== undefined) {
      await outbox.handOver(documents);
      return { kind: 'refreshed', opened: { tokenSet, generation, uid, provider } };
    }
    current = await store.readVault(id);
  }
}
