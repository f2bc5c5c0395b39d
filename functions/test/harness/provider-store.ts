import { Timestamp } from 'firebase-admin/firestore';
import type { Clock } from '../../src/platform/clock.ts';
import type { ProviderDocument, ProviderStore } from '../../src/store/provider-store.ts';
import type { Stored } from '../../src/store/stored.ts';

/** Where the state of providers lives, in memory. */
export function createMemoryProviderStore(
  clock: Pick<Clock, 'now'>,
): Pick<ProviderStore, 'read' | 'write'> {
  const documents = new Map<string, Stored<ProviderDocument>>();
  return {
    read: async (id) => documents.get(id),
    async write(id, found, document) {
      if (documents.get(id)?.version !== found?.version) return undefined;
      const version = Timestamp.fromMillis(clock.now());
      documents.set(id, { id, document, version });
      return version;
    },
  };
}
