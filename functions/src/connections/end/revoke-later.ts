import * as v from 'valibot';
import type { Audit } from '../../audit/audit.ts';
import type { AuditFact } from '../../audit/record.ts';
import { StrongroomError, unavailable } from '../../errors.ts';
import { log } from '../../logs.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Enqueue } from '../../platform/tasks.ts';
import { within } from '../../platform/within.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import { rejected } from '../../vault/keyring.ts';
import type { Sealer } from '../../vault/seal.ts';
import { type RevocationDependencies, revokeAtProvider } from './revoke-at-provider.ts';

/** What a task carries. It names no user: what was his has been deleted. */
export const revokeLaterSchema = v.object({
  connectionId: v.pipe(v.string(), v.regex(/^[\w-]{1,100}$/)),
  generation: v.number(),
  sealed: v.string(),
});

export type RevokeLater = v.InferOutput<typeof revokeLaterSchema>;

const contentSchema = v.object({
  provider: v.string(),
  /** Null: he was forgotten. */
  uid: v.nullable(v.string()),
  accessToken: v.string(),
  refreshToken: v.exactOptional(v.string()),
  /** What the provider may be asked with besides. */
  extra: v.exactOptional(v.record(v.string(), v.string())),
  /** Of the user's own client, which is to revoke it. */
  credentials: v.exactOptional(v.record(v.string(), v.string())),
  handedOverAt: v.number(),
});

/** What was ended, and what is needed to revoke it. */
interface Ended {
  readonly connectionId: string;
  readonly generation: number;
  readonly provider: string;
  readonly uid: string | null;
  readonly tokenSet: Pick<TokenSet, 'accessToken' | 'refreshToken' | 'extra' | 'credentials'>;
}

const enqueueTimeoutMs = 3_000;
/** The first look; by then the connection is gone, or will not be. */
const firstLookSeconds = 30;
/** How long a connection is given to be gone. */
const endingMs = 10 * 60_000;
/** How long a provider is asked; the queue's own limit is a day more. */
export const revokingMs = 7 * 24 * 3_600_000;

/**
 * Hands a grant to a task which revokes it once its provider can be reached: sealed, for a place of
 * its own. To be done before the connection is deleted, so that no crash leaves a grant behind that
 * nobody knows of.
 *
 * @throws StrongroomError `unavailable`, `settings_invalid`: nothing has it.
 */
export async function revokeLater(
  { sealer, enqueue, clock }: { sealer: Sealer; enqueue: Enqueue; clock: Clock },
  { connectionId, generation, provider, uid, tokenSet }: Ended,
): Promise<void> {
  const { accessToken, refreshToken, extra, credentials } = tokenSet;
  const content: v.InferOutput<typeof contentSchema> = {
    provider,
    uid,
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(extra !== undefined && { extra }),
    ...(credentials !== undefined && { credentials }),
    handedOverAt: clock.now(),
  };
  const { jwe } = await sealer.seal(content, placeOf({ connectionId, generation }));
  const task: RevokeLater = { connectionId, generation, sealed: jwe };
  const late = () => unavailable('task-queue');
  try {
    const options = { delaySeconds: firstLookSeconds };
    await within(enqueueTimeoutMs, enqueue('revokeGrant', task, options), late);
  } catch {
    throw late();
  }
}

interface RevokeGrantDependencies extends RevocationDependencies {
  readonly store: Pick<ConnectionStore, 'readVault' | 'listGrants'>;
  readonly sealer: Sealer;
  readonly audit: Audit;
  readonly clock: Clock;
}

/**
 * The task's side: asks the provider for seven days. What cannot be revoked in the end leaves a
 * record `grant_not_revoked`. Cost of a try: 1 read, and 1 for each connection that the user has.
 *
 * @throws StrongroomError `unavailable` and others: the task is to be tried again.
 */
export function createRevokeGrant(dependencies: RevokeGrantDependencies) {
  const { store, sealer, audit, clock } = dependencies;
  return async ({ sealed, ...place }: RevokeLater): Promise<void> => {
    const giveUp = (about: Pick<Ended, 'uid'> & { provider: string | null }, reason: string) =>
      audit.write(notRevoked({ ...about, connectionId: place.connectionId }, reason));

    let content: v.InferOutput<typeof contentSchema>;
    try {
      content = parse(await sealer.open(sealed, placeOf(place)));
    } catch (error) {
      if (!isRejected(error)) throw error;
      // Never was ours, or its key is gone: no try would change that.
      return giveUp({ uid: null, provider: null }, error.code);
    }
    const { provider, uid, handedOverAt } = content;
    if ((await store.readVault(place.connectionId)) !== undefined) {
      if (clock.now() < handedOverAt + endingMs) throw unavailable('firestore');
      // Its end did not come to pass, and whoever ends it revokes it.
      return;
    }
    // Many providers have one grant per user and app: revoking the old one would end the new one.
    const grants = uid === null ? [] : await store.listGrants(uid);
    if (grants.some((grant) => grant.provider === provider && grant.grantedAt >= handedOverAt))
      return giveUp({ uid, provider }, 'reconnected');
    const outcome = await revokeAtProvider(dependencies, provider, content);
    if (outcome.kind === 'never') return giveUp({ uid, provider }, outcome.reason);
    if (outcome.kind !== 'later') return;
    log.revocationFailed(outcome.error);
    if (clock.now() < handedOverAt + revokingMs) throw outcome.error;
    await giveUp({ uid, provider }, outcome.error.code);
  };
}

/** The record of a grant that may live on. */
export function notRevoked(
  {
    uid,
    connectionId,
    provider,
  }: { uid: string | null; connectionId: string; provider: string | null },
  reason: string,
): AuditFact {
  // Of a forgotten user nothing is kept, nor of his connections.
  const whose = uid === null ? { uid, connectionId: null } : { uid, connectionId };
  return { type: 'grant_not_revoked', actor: 'suite', ...whose, provider, reason };
}

function isRejected(error: unknown): error is StrongroomError {
  return error instanceof StrongroomError && error.code === 'sealed_value_rejected';
}

function parse(value: unknown): v.InferOutput<typeof contentSchema> {
  const result = v.safeParse(contentSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}

function placeOf({ connectionId, generation }: Pick<Ended, 'connectionId' | 'generation'>) {
  return { uid: '', document: connectionId, field: 'grantToRevoke', generation } as const;
}
