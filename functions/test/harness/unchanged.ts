import assert from 'node:assert/strict';
import type { World } from './world.ts';

/** Asserts that a piece of work writes nothing, but in the audit, and asks the provider for nothing. */
export async function changesNothing(world: World, work: () => Promise<unknown>): Promise<void> {
  const before = await stateOf(world);
  await work();
  assert.deepEqual(await stateOf(world), before);
}

async function stateOf({ documents, provider }: World) {
  const { tokenRequests, revocations, apiCalls } = provider.counters();
  return {
    documents: Object.fromEntries(
      Object.entries(await documents()).filter(([path]) => !path.startsWith('strongroomAudit/')),
    ),
    asked: { tokenRequests, revocations, apiCalls },
    grants: provider.grants(),
  };
}
