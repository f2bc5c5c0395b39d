import type { TokenSet } from '../../src/oauth/token-set.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { openTokenSet } from '../../src/refresh/sealed-token-set.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer } from '../../src/vault/seal.ts';
import type { World } from './world.ts';

/** What a connection holds, opened past the suite. */
export async function tokenSetIn(world: World, id: string): Promise<TokenSet> {
  const { projectId, clock, secretManager } = world;
  const secretManagerHost = `127.0.0.1:${secretManager.port}`;
  const secrets = createSecretReader({ mode: 'sandbox', projectId, secretManagerHost });
  const sealer = createSealer(createKeyring({ secrets, secretId: 'strongroom-keyring', clock }));
  return openTokenSet(sealer, { id, document: await world.vault(id) });
}

/** Tokens as a sign-in through Firebase brings them. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
}

let donors = 0;

/** Tokens that the provider has given for an account, and that nobody else uses. */
export async function tokensOf(world: World, account: string): Promise<Tokens> {
  donors += 1;
  const { id } = await world.connect(`donor-${donors}`, { account });
  const { accessToken, refreshToken, idToken } = await tokenSetIn(world, id);
  if (refreshToken === undefined || idToken === undefined) throw new Error('It gave too little.');
  return { accessToken, refreshToken, idToken };
}
