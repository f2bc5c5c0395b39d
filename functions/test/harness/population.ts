import { stack } from '../../../sandbox/test/stack.ts';
import { shards, toFirestore, type VaultDocument } from '../../src/store/documents.ts';
import { openDatabase } from './database.ts';
import type { World } from './world.ts';

/** What matters to rotation of a connection that nobody ever connected. */
export type Resident = Pick<VaultDocument, 'provider' | 'refreshAt'>;

/** Many connections of a world, as documents of the vault alone. */
export interface Population {
  /** Adds them. @returns the id of the first is `residentId(0)`, and so on. */
  settle(residents: readonly Resident[]): Promise<void>;
  /** As a refresh would: the next is due then. */
  refreshed(ids: readonly string[], refreshAt: number): Promise<void>;
  /** Makes a document one that the suite has not written. */
  break(id: string): Promise<void>;
  leave(): Promise<void>;
}

const writesPerCommit = 500;
const commitsAtOnce = 2;

export function residentId(n: number): string {
  return `resident-${n}`.padEnd(22, '-');
}

/** In turn, so that a test can tell. */
export function residentShard(n: number): number {
  return n % shards;
}

export function createPopulation(world: World): Population {
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  const vault = db.collection('strongroomVault');
  type Write = (batch: ReturnType<typeof db.batch>) => void;

  const commit = async (writes: readonly Write[]): Promise<void> => {
    const groups = Array.from({ length: Math.ceil(writes.length / writesPerCommit) }, (_, n) =>
      writes.slice(n * writesPerCommit, (n + 1) * writesPerCommit),
    );
    const queue = groups.values();
    const work = async () => {
      for (const group of queue) {
        const batch = db.batch();
        for (const write of group) write(batch);
        await batch.commit();
      }
    };
    await Promise.all(Array.from({ length: commitsAtOnce }, work));
  };

  let settled = 0;
  return {
    async settle(residents) {
      const writes = residents.map((resident, index): Write => {
        const n = settled + index;
        const document = toFirestore({ ...nobody, ...resident, shard: residentShard(n) });
        return (batch) => batch.set(vault.doc(residentId(n)), document);
      });
      settled += residents.length;
      await commit(writes);
    },
    async refreshed(ids, refreshAt) {
      const fields = toFirestore({ refreshAt, generation: 2 });
      await commit(ids.map((id) => (batch) => batch.update(vault.doc(id), fields)));
    },
    break: async (id) => void (await vault.doc(id).update({ generation: 'broken' })),
    leave: () => db.terminate(),
  };
}

/** The other fields, but for those that rotation must not need. */
const nobody = { uid: 'nobody', status: 'active', reason: null, generation: 1, sealed: 'sealed' };
