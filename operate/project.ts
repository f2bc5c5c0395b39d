import { readEnvironment } from '../functions/src/platform/environment.ts';
import { openFirestore } from '../functions/src/platform/firestore.ts';
import { createServerClock } from '../functions/src/platform/server-clock.ts';
import { createEventStore } from '../functions/src/store/event-store.ts';
import { readSandboxFile } from '../sandbox/launch/sandbox-file.ts';

/** The command cannot be carried out as it was given: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What operator commands work on. */
export function openProject() {
  if (!process.env['GCLOUD_PROJECT']) useSandbox();
  const environment = environmentOf(process.env);
  const db = openFirestore(environment, process.env['STRONGROOM_DATABASE'] || '(default)');
  const clock = createServerClock();
  return {
    projectId: environment.projectId,
    clock,
    events: createEventStore(db, clock.timed),
    close: () => db.terminate(),
  };
}

export type Project = ReturnType<typeof openProject>;

/** @throws UsageError where a variable would make a real project out of an emulator's. */
function environmentOf(variables: NodeJS.ProcessEnv) {
  try {
    return readEnvironment(variables);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError where none runs: nobody's project is taken by accident. */
function useSandbox(): void {
  try {
    const { projectId, ports } = readSandboxFile();
    process.env['GCLOUD_PROJECT'] = projectId;
    process.env['FIRESTORE_EMULATOR_HOST'] = `127.0.0.1:${ports.firestore}`;
  } catch {
    throw new UsageError(
      'Of which project? Set GCLOUD_PROJECT (and sign in: gcloud auth application-default login), ' +
        'or start the sandbox with npm start.',
    );
  }
}
