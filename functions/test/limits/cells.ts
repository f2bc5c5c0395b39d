import { Timestamp } from 'firebase-admin/firestore';
import { unavailable } from '../../src/errors.ts';
import type { LimitCells } from '../../src/store/limit-store.ts';
import type { Stored } from '../../src/store/stored.ts';

/** Documents in memory, for several instances. */
export interface MemoryCells<T> extends LimitCells<T> {
  readonly documents: ReadonlyMap<string, Stored<T>>;
  readonly cost: { reads: number; writes: number };
  /**
   * How it fails, until it no longer does. `lost`: written, and the answer does not come; `doubted`: as
   * where the client library tries again after a lost answer, and meets its own write; once.
   */
  trouble: 'unavailable' | 'lost' | 'doubted' | undefined;
}

export function createMemoryCells<T>(): MemoryCells<T> {
  const documents = new Map<string, Stored<T>>();
  const cost = { reads: 0, writes: 0 };
  let versions = 0;
  const cells: MemoryCells<T> = {
    documents,
    cost,
    trouble: undefined,
    async read(id) {
      // Others have their turn meanwhile.
      await undefined;
      if (cells.trouble === 'unavailable' || cells.trouble === 'lost')
        throw unavailable('firestore');
      cost.reads += 1;
      return documents.get(id);
    },
    async write(id, found, document) {
      await undefined;
      if (cells.trouble === 'unavailable') throw unavailable('firestore');
      if (documents.get(id)?.version !== found?.version) return undefined;
      cost.writes += 1;
      versions += 1;
      const stored = { id, document, version: Timestamp.fromMillis(versions) };
      documents.set(id, stored);
      if (cells.trouble === 'lost') throw unavailable('firestore');
      if (cells.trouble === 'doubted') {
        cells.trouble = undefined;
        return undefined;
      }
      return stored;
    },
  };
  return cells;
}
