import { StrongroomError } from '../../functions/src/errors.ts';
import { documentsOf } from '../../functions/src/import/documents.ts';
import { begun, type Progress, runImport } from '../../functions/src/import/import.ts';
import type { Sourced } from '../../functions/src/import/importable.ts';
import { jsonLinesOf } from '../../functions/src/import/lines.ts';
import { createPageWriter } from '../../functions/src/import/write-page.ts';
import { openFirestore } from '../../functions/src/platform/firestore.ts';
import { createSecretReader } from '../../functions/src/platform/secret-manager.ts';
import { createServerClock } from '../../functions/src/platform/server-clock.ts';
import { goneUsers } from '../../functions/src/platform/users.ts';
import { createSettingsReader } from '../../functions/src/providers/settings.ts';
import { createImportStore } from '../../functions/src/store/import-store.ts';
import { createKeyring } from '../../functions/src/vault/keyring.ts';
import { createSealer } from '../../functions/src/vault/seal.ts';
import { CommandError } from '../command.ts';
import { enterEnvironment } from '../environment.ts';
import { Interrupted, type Terminal } from '../terminal.ts';
import { type Asked, parse } from './arguments.ts';
import { bytesOf, nangoOf } from './sources.ts';
import { createSpool } from './spool.ts';

const reportMs = 1_000;

/**
 * `npm run import`. Refused lines are its result, on stdout; progress and totals are on stderr.
 *
 * @param signal once it is aborted, what is under way is finished and nothing more begun.
 */
export async function importTokens(
  args: string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const asked = parse(args);
  const { epoch, isDryRun, skipsRefused } = asked;
  const project = await openProject(asked);
  const spool = await createSpool();
  const progress: Progress = { ...begun };
  const timer = setInterval(() => terminal.note(`${lineOf(progress)}\n`), reportMs);
  try {
    terminal.note(`Project ${project.projectId}\n`);
    const onRefused = ({
      where,
      field,
      reason,
    }: {
      where: string;
      field: string;
      reason: string;
    }) => terminal.say(`${where}: ${field}: ${reason}`);
    const options = { epoch, isDryRun, skipsRefused, signal, onRefused };
    const source = sourceOf(asked, project, terminal, signal);
    await runImport({ ...project, spool }, source, options, progress);
    if (signal.aborted) throw new Interrupted(`Interrupted. ${endOf(asked, progress)}`);
    terminal.note(`${endOf(asked, progress)}\n`);
    return progress.refused > 0 && !skipsRefused ? 1 : 0;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    throw new CommandError(`${error.message}\n${endOf(asked, progress)}`);
  } finally {
    clearInterval(timer);
    await Promise.all([spool.close(), project.close()]);
  }
}

async function openProject({ project, checksUsers }: Asked) {
  const environment = enterEnvironment(project);
  const clock = createServerClock();
  const secrets = createSecretReader(environment);
  const settings = createSettingsReader({
    secrets,
    secretId: process.env['STRONGROOM_PROVIDERS_SECRET'] || 'strongroom-providers',
    clock,
    allowLoopbackHttp: environment.mode === 'sandbox',
  });
  const secretId = process.env['STRONGROOM_KEYRING_SECRET'] || 'strongroom-keyring';
  const sealer = createSealer(createKeyring({ secrets, secretId, clock }));
  // Before anything is read: without a key or settings there is nothing to be done.
  const [read] = await Promise.all([settings.read(), sealer.prepare()]);
  const db = openFirestore(environment, process.env['STRONGROOM_DATABASE'] || '(default)');
  const store = createImportStore(db, clock.timed);
  // Sets the clock, by which is judged what has expired.
  await store.owners(['strongroom-import-----']);
  return {
    environment,
    projectId: environment.projectId,
    providers: read.providers,
    store,
    clock,
    goneUsers: checksUsers ? lookedUp : undefined,
    writePage: createPageWriter({ store, sealer, settings: read, clock, random: Math.random }),
    close: () => db.terminate(),
  };
}

/** @throws CommandError */
async function lookedUp(uids: readonly string[]): Promise<string[]> {
  try {
    return await goneUsers(uids);
  } catch {
    throw new CommandError(
      'Firebase Auth did not tell which users there are. Nothing was written. Your account needs ' +
        'roles/firebaseauth.viewer; --skip-user-check does not ask.',
    );
  }
}

async function* sourceOf(
  { from }: Asked,
  { environment }: { environment: ReturnType<typeof enterEnvironment> },
  { input }: Terminal,
  signal: AbortSignal,
): AsyncGenerator<Sourced> {
  if (from.format === 'jsonl') yield* jsonLinesOf(bytesOf(from.file, input, signal));
  else if (from.format === 'nango') yield* nangoOf(bytesOf(from.file, input, signal), from.mapping);
  else {
    const db = openFirestore(environment, from.databaseId);
    try {
      yield* documentsOf(db, from.collection, from.mapping);
    } finally {
      await db.terminate();
    }
  }
}

function lineOf({ phase, read, fit, refused, created, existing }: Progress): string {
  return phase === 'validating'
    ? `Validated ${read}, refused ${refused}`
    : `Written ${created} of ${fit}, ${existing} were there already`;
}

/** What came of it, and what to do next. */
function endOf({ isDryRun, skipsRefused }: Asked, progress: Progress): string {
  const { phase, read, fit, refused, created, existing } = progress;
  const judged = `${read} read, ${fit} fit, ${refused} refused.`;
  if (phase === 'validating') {
    const barred = refused > 0 && !skipsRefused && !isDryRun;
    const advice = barred ? ' Correct them, or say --skip-refused.' : '';
    return `${judged} Nothing was written.${advice}`;
  }
  const written = `${created} imported, ${existing} were there already.`;
  const advice = phase === 'done' ? '' : ' Run it again: it goes on where it stopped.';
  return `${judged} ${written}${advice}`;
}
