import * as v from 'valibot';
import { apiOf } from '../../calls/api-base.ts';
import { StrongroomError, unavailable } from '../../errors.ts';
import { log } from '../../logs.ts';
import { type TokenSet, tokenSetSchema } from '../../oauth/token-set.ts';
import type { Enqueue } from '../../platform/tasks.ts';
import { within } from '../../platform/within.ts';
import { takesCredentials } from '../../providers/credential-fields.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type { AuthorizingProvider, Provider, Settings } from '../../providers/settings-schema.ts';
import { openTokenSet } from '../../refresh/sealed-token-set.ts';
import { accountIdOf } from '../../store/account-store.ts';
import { type Account, accountSchema, type VaultDocument } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';
import { rejected } from '../../vault/keyring.ts';
import { keepOf } from '../keep/keep.ts';
import type { KeepDependencies } from '../keep/keeping.ts';
import { accountOfSignIn, type SignIn, signInOf, tokenSetOfSignIn } from './sign-in-event.ts';

interface SeedDependencies extends KeepDependencies {
  readonly settings: SettingsReader;
  readonly enqueue: Enqueue;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
  /** His connections go on: who signs in is back. */
  readonly resume: (uid: string) => Promise<number>;
  /** How long a sign-in may be held up. Default: 2 s. */
  readonly seedingMs?: number | undefined;
}

/** A sign-in waits for us, for 7 s at most before Firebase ends it with an error. */
const usualMs = 2_000;
/** What Firestore has not taken after that part of the time is handed to a task. */
const keepingPart = 0.6;

/** What a task carries: whose, and the rest sealed for that place. */
export const seedLaterSchema = v.object({ uid: v.string(), id: v.string(), sealed: v.string() });

const contentSchema = v.object({
  provider: v.string(),
  account: accountSchema,
  tokenSet: tokenSetSchema,
});

/** What is to be kept. */
interface Seed extends Pick<SignIn, 'uid' | 'id'> {
  readonly provider: AuthorizingProvider;
  readonly account: Account;
  readonly tokenSet: TokenSet;
}

/**
 * Takes the tokens of a sign-in into the vault. Never throws and takes 2 s at most: whatever goes wrong
 * here, the sign-in is not what fails. What a provider without `signIn` in the settings gave is let go.
 *
 * Cost: 1 read and 3 writes the first time; 2 reads where the connection is as good as the sign-in.
 */
export function createSeed(dependencies: SeedDependencies) {
  const { settings, sealer, clock, seedingMs = usualMs } = dependencies;
  return async (event: unknown): Promise<void> => {
    const signIn = signInOf(event);
    if (signIn === undefined) return;
    const doneBy = clock.ticks() + seedingMs;
    const left = () => Math.max(0, doneBy - clock.ticks());
    try {
      // The key as well, at once: nothing can be handed on without it.
      const ready = Promise.all([settings.read(), sealer.prepare()]);
      const [{ providers }] = await within(left(), ready, () => unavailable('secret-manager'));
      const provider = providerOf(providers, signIn.providerId);
      const seed = provider && seedOf(signIn, provider, clock.now());
      if (seed === undefined) return;
      const keeping = keepSeed(dependencies, seed);
      const late = () => unavailable('firestore');
      await within(Math.min(seedingMs * keepingPart, left()), keeping, late).catch(
        async (error: unknown) => {
          keeping.catch(() => {});
          log.seedHandedOver(seed.provider.id, error);
          await within(left(), handOver(dependencies, seed), () => unavailable('task-queue'));
        },
      );
    } catch (error) {
      log.notSeeded(signIn.providerId, error);
    }
  };
}

/**
 * The task's side. It may come twice, or after the process that handed it over has succeeded.
 *
 * @throws StrongroomError `unavailable`: to be tried again; `sealed_value_rejected`
 */
export function createSeedLater(dependencies: SeedDependencies) {
  const { settings, sealer } = dependencies;
  return async ({ uid, id, sealed }: v.InferOutput<typeof seedLaterSchema>): Promise<void> => {
    const opened = await sealer.open(sealed, placeOf({ uid, id }));
    const { success, output } = v.safeParse(contentSchema, opened);
    if (!success) throw rejected();
    const provider = await settings.provider(output.provider);
    if (takesCredentials(provider)) return;
    await keepSeed(dependencies, { ...output, uid, id, provider });
  };
}

function providerOf(
  providers: Settings['providers'],
  providerId: string,
): AuthorizingProvider | undefined {
  for (const [id, entry] of Object.entries(providers)) {
    const provider: Provider = { ...entry, id };
    if (takesCredentials(provider)) continue;
    if (provider.signIn?.providerId === providerId) return provider;
  }
  return undefined;
}

function seedOf(signIn: SignIn, provider: AuthorizingProvider, now: number): Seed | undefined {
  const account = accountOfSignIn(signIn);
  const tokenSet = tokenSetOfSignIn(signIn, provider, now);
  // Every sign-in would make one more connection that nobody can tell from the others.
  if (account.subject === undefined) return undefined;
  // One whose API cannot be found would be of no use.
  apiOf(provider, tokenSet);
  const { uid, id } = signIn;
  return { uid, id, provider, account, tokenSet };
}

async function keepSeed(dependencies: SeedDependencies, seed: Seed): Promise<void> {
  const { store, forgetToken, resume, sealer } = dependencies;
  const { uid, id, provider, account, tokenSet } = seed;
  const accountId = accountIdOf(provider.id, account);
  const connectionId = accountId && (await store.readAccount(uid, accountId));
  const found = connectionId ? await store.readVault(connectionId) : undefined;
  if (found?.document.status === 'paused') await resume(uid);
  if (found !== undefined && !(await isBetter(sealer, tokenSet, found))) return;
  // It finds the connection by itself; one that ended meanwhile is made anew.
  const target = { uid, connectionId: null, subject: null, authorization: id };
  const kept = await keepOf(dependencies, provider, target, tokenSet, account);
  forgetToken(kept.id);
}

/**
 * Whether a sign-in's tokens are worth more than what a connection has: a sign-in mostly asks for less
 * than the user consented to when he connected, and must not take that away.
 */
async function isBetter(
  sealer: SeedDependencies['sealer'],
  given: TokenSet,
  found: Stored<VaultDocument>,
): Promise<boolean> {
  if (found.document.status === 'needs_reauth') return true;
  let kept: TokenSet;
  try {
    kept = await openTokenSet(sealer, found);
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'sealed_value_rejected') return true;
    throw error;
  }
  const scopes = new Set(given.scopes);
  const isAsWide = kept.scopes.every((scope) => scopes.has(scope));
  // With a refresh token it renews itself; without one, the newest is what lives longest.
  const isNewer = kept.refreshToken === undefined || given.refreshToken !== undefined;
  return isAsWide && isNewer;
}

async function handOver({ sealer, enqueue }: SeedDependencies, seed: Seed): Promise<void> {
  const { uid, id, provider, account, tokenSet } = seed;
  const content: v.InferInput<typeof contentSchema> = {
    provider: provider.id,
    account,
    tokenSet,
  };
  const { jwe } = await sealer.seal(content, placeOf(seed));
  await enqueue('keepSignIn', { uid, id, sealed: jwe });
}

function placeOf({ uid, id }: Pick<Seed, 'uid' | 'id'>) {
  return { uid, document: id, field: 'signIn', generation: 0 } as const;
}
