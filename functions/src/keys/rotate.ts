import { randomBytes } from 'node:crypto';
import type { Audit } from '../audit/audit.ts';
import type { AuditFact } from '../audit/record.ts';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { dayMs } from '../platform/durations.ts';
import type { SecretWriter, VersionState } from '../platform/secret-writer.ts';
import type { Enqueue } from '../platform/tasks.ts';
import type { SettingsReader } from '../providers/settings.ts';
import { keyDefaults } from '../providers/settings-schema.ts';
import { type KeyProgress, type KeyStore, noProgress, type Retiring } from '../store/key-store.ts';
import { keyBytes } from '../vault/keyring.ts';
import type { Resealing } from './reseal.ts';
import { nextStepOf } from './retire.ts';

interface RotateDependencies {
  readonly writer: SecretWriter;
  readonly secretId: string;
  readonly keys: KeyStore;
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly enqueue: Enqueue;
  readonly audit: Pick<Audit, 'note'>;
  readonly clock: Clock;
}

type KeyFact = Extract<AuditFact, { type: 'key' }>;

/** How often a run begins anew where another one, or a task, has just written the progress. */
const claims = 5;

/**
 * Replaces keys: adds a version when the newest is old or an operator asks for one, has what older
 * versions seal sealed anew, disables a version that nothing can name any more, and destroys it long
 * after. Each run goes on from what it finds, so runs may overlap or die anywhere.
 *
 * @throws StrongroomError `settings_invalid` where the keyring has no enabled version: the first one is
 *   made by setting up, never here; `unavailable`.
 */
export function createRotateKeys(dependencies: RotateDependencies) {
  const { writer, secretId, keys, settings, enqueue, audit, clock } = dependencies;

  return async (): Promise<void> => {
    const { rotateAfterDays, destroyAfterDays } = (await settings.read()).keys ?? keyDefaults;
    const { versions, newest, before, isAdded } = await renew(
      dependencies,
      rotateAfterDays * dayMs,
    );
    const retiring: Record<string, Retiring> = {};
    const older = versions.filter(
      ({ version, state }) => Number(version) < Number(newest) && state !== 'destroyed',
    );
    for (const { version, state } of older) {
      const documents = await keys.countNaming(version);
      const now = clock.now();
      const known = before.retiring[version];
      const isNamed = documents > 0;
      const found: Retiring = {
        documents,
        unnamedAt: isNamed ? null : (known?.unnamedAt ?? now),
        // The time to destroy begins again where a document turned up.
        disabledAt: state === 'enabled' ? null : isNamed ? now : (known?.disabledAt ?? now),
      };
      if (known?.unnamedAt === null && !isNamed) {
        await audit.note(keyFact('rotation_finished', version));
      }
      const step = nextStepOf(state, found, now, destroyAfterDays * dayMs);
      if (step === 'reseal') {
        await enqueue('resealBatch', { from: version, to: newest, pass: 1 } satisfies Resealing);
      }
      if (step === 'alert') log.keyStillNeeded(version, documents);
      if (step === 'disable') {
        await writer.disable(secretId, version);
        log.keyChanged('disabled', version);
        await audit.note(keyFact('disabled', version));
      }
      if (step === 'destroy') {
        await writer.destroy(secretId, version);
        log.keyChanged('destroyed', version);
        await audit.note(keyFact('destroyed', version));
        continue;
      }
      retiring[version] = step === 'disable' ? { ...found, disabledAt: now } : found;
    }
    const left = Object.values(retiring).reduce((sum, { documents }) => sum + documents, 0);
    const now = clock.now();
    await keys.note({
      newest,
      retiring,
      left,
      updatedAt: now,
      ...(isAdded && { startedAt: now, resealed: 0, refused: [] }),
    });
  };
}

/** Adds a version where one is due. Of runs that overlap, one does. */
async function renew(
  { writer, secretId, keys, audit, clock }: RotateDependencies,
  rotateAfterMs: number,
) {
  const add = () => writer.addVersion(secretId, randomBytes(keyBytes));
  for (let claim = 0; ; claim += 1) {
    const found = await keys.readProgress();
    const before: KeyProgress = found?.document ?? noProgress;
    const versions = await writer.list(secretId);
    const newest = newestEnabled(versions, secretId);
    const isDue = before.requestedAt !== null || clock.now() - newest.createdAt >= rotateAfterMs;
    const unchanged = { versions, newest: newest.version, before, isAdded: false };
    if (!isDue) return unchanged;
    if (await keys.claim(found, clock.now())) {
      const added = await add().catch(async (error: unknown) => {
        await keys.note({ requestedAt: before.requestedAt });
        throw error;
      });
      log.keyChanged('added', added);
      await audit.note(keyFact('rotation_begun', added));
      return { versions, newest: added, before, isAdded: true };
    }
    if (claim >= claims) {
      log.keyNotAdded();
      return unchanged;
    }
  }
}

function keyFact(event: KeyFact['event'], version: string): KeyFact {
  return { type: 'key', actor: 'suite', uid: null, event, version };
}

function newestEnabled(versions: readonly VersionState[], secretId: string): VersionState {
  const newest = versions.findLast(({ state }) => state === 'enabled');
  if (newest !== undefined) return newest;
  throw new StrongroomError(
    'settings_invalid',
    `The secret ${secretId} has no enabled version. Add the first, 32 random bytes, or enable one.`,
    { field: secretId },
  );
}
