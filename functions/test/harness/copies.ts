import { randomBytes } from 'node:crypto';
import { stack } from '../../../sandbox/test/stack.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { openTokenSet, sealTokenSet } from '../../src/refresh/sealed-token-set.ts';
import { toFirestore } from '../../src/store/documents.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer } from '../../src/vault/seal.ts';
import { openDatabase } from './database.ts';
import type { World } from './world.ts';

const writesPerCommit = 400;

/**
 * Many connections of one user out of a real one, each with its grant, sealed anew for its place.
 *
 * @returns their ids.
 */
export async function copyConnection(world: World, id: string, count: number): Promise<string[]> {
  const { projectId, clock, secretManager } = world;
  const secretManagerHost = `127.0.0.1:${secretManager.port}`;
  const secrets = createSecretReader({ mode: 'sandbox', projectId, secretManagerHost });
  const sealer = createSealer(createKeyring({ secrets, secretId: 'strongroom-keyring', clock }));
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, projectId);
  const document = await world.vault(id);
  const { uid, generation, provider } = document;
  const status = await world.store.readStatus(uid, id);
  const tokenSet = await openTokenSet(sealer, { id, document });
  const ids = Array.from({ length: count }, () => randomBytes(16).toString('base64url'));
  for (let n = 0; n < count; n += writesPerCommit / 2) {
    const batch = db.batch();
    for (const copy of ids.slice(n, n + writesPerCommit / 2)) {
      const owner = { uid, id: copy, generation, provider };
      const fields = await sealTokenSet({ sealer }, owner, tokenSet);
      batch.set(
        db.doc(`strongroomVault/${copy}`),
        toFirestore({ ...document, ...fields, authorization: null, accountId: null }),
      );
      batch.set(db.doc(`strongroom/${uid}/connections/${copy}`), toFirestore({ ...status }));
    }
    await batch.commit();
  }
  await db.terminate();
  return ids;
}
