import { stack } from '../../../sandbox/test/stack.ts';
import { type Resealing, resealSchema } from '../../src/keys/reseal.ts';
import { createSecretReader, type SecretReader } from '../../src/platform/secret-manager.ts';
import { createSecretWriter, type SecretWriter } from '../../src/platform/secret-writer.ts';
import type { Enqueue } from '../../src/platform/tasks.ts';
import { createKeyStore, type KeyStore, noProgress } from '../../src/store/key-store.ts';
import type { Suite } from '../../src/suite.ts';
import { parseRequest } from '../../src/triggers/requests.ts';
import type { Firestore } from '../clients.ts';
import { openDatabase } from '../harness/database.ts';
import { createWorld, type World } from '../harness/world.ts';

export const keyringId = 'strongroom-keyring';
export const dayMs = 24 * 60 * 60_000;

/** A world whose keys are rotated; its tasks wait until they are run. */
export interface KeyWorld {
  readonly world: World;
  /** Past the meter. */
  readonly db: Firestore;
  readonly keys: KeyStore;
  readonly writer: SecretWriter;
  readonly reader: SecretReader;
  /** `resealBatch` tasks that wait. */
  readonly waiting: Resealing[];
  /** An instance of its own. */
  newSuite(): Suite;
  /** Runs what waits, and what comes of it. @returns how many tasks there were. */
  drain(suite?: Suite): Promise<number>;
  /** The state of each version, by its number. */
  states(): Promise<Record<string, string>>;
  /** How many documents each version seals. */
  naming(): Promise<Record<string, number>>;
  progress(): Promise<typeof noProgress>;
  stop(): Promise<void>;
}

export async function createKeyWorld(): Promise<KeyWorld> {
  const world = await createWorld();
  const { projectId, secretManager } = world;
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, projectId);
  const keys = createKeyStore(db);
  const secretManagerHost = `127.0.0.1:${secretManager.port}`;
  const environment = { mode: 'sandbox', projectId, secretManagerHost } as const;
  const writer = createSecretWriter(environment);
  const waiting: Resealing[] = [];
  const enqueue: Enqueue = async (queue, data) => {
    if (queue === 'resealBatch') waiting.push(parseRequest(resealSchema, data));
  };
  const newSuite = () => world.newSuite({ enqueue });
  return {
    world,
    db,
    keys,
    writer,
    reader: createSecretReader(environment),
    waiting,
    newSuite,
    async drain(suite = newSuite()) {
      let tasks = 0;
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        tasks += 1;
        await suite.resealBatch(task);
      }
      return tasks;
    },
    async states() {
      const versions = await writer.list(keyringId);
      return Object.fromEntries(versions.map(({ version, state }) => [version, state]));
    },
    async naming() {
      const { docs } = await db.collection('strongroomVault').get();
      const versions = docs.map((snapshot) => String(snapshot.get('keyVersion')));
      return Object.fromEntries(
        [...Map.groupBy(versions, (version) => version)].map(([name, all]) => [name, all.length]),
      );
    },
    progress: async () => (await keys.readProgress())?.document ?? noProgress,
    async stop() {
      await db.terminate();
      await world.stop();
    },
  };
}
