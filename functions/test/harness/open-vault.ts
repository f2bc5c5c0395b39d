import type { TokenSet } from '../../src/oauth/token-set.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { openTokenSet } from '../../src/refresh/sealed-token-set.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer } from '../../src/vault/seal.ts';
import type { World } from './world.ts';

/** A connection's token set, as whoever has both the database and the keyring can read it. */
export async function openVault(world: World, id: string): Promise<TokenSet> {
  const { projectId, clock, secretManager } = world;
  const secretManagerHost = `127.0.0.1:${secretManager.port}`;
  const secrets = createSecretReader({ mode: 'sandbox', projectId, secretManagerHost });
  const sealer = createSealer(createKeyring({ secrets, secretId: 'strongroom-keyring', clock }));
  return openTokenSet(sealer, { id, document: await world.vault(id) });
}
