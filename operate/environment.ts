import { type Environment, readEnvironment } from '../functions/src/platform/environment.ts';
import { readSandboxFile, type SandboxFile } from '../sandbox/launch/sandbox-file.ts';

/** The command cannot be carried out as it was given: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * What an operator command works on: the project it names, else that of GCLOUD_PROJECT, else the
 * running sandbox.
 *
 * @throws UsageError where there is none, or a variable would make a real project out of an
 *   emulator's.
 */
export function findEnvironment(projectId?: string): Environment {
  return environmentOf(findVariables(projectId));
}

/** The same, and lets the client libraries of this process find it. */
export function enterEnvironment(projectId?: string): Environment {
  const variables = findVariables(projectId);
  const environment = environmentOf(variables);
  Object.assign(process.env, variables);
  return environment;
}

function environmentOf(variables: NodeJS.ProcessEnv): Environment {
  try {
    return readEnvironment(variables);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function findVariables(named?: string): NodeJS.ProcessEnv {
  const projectId = named ?? process.env['GCLOUD_PROJECT'];
  if (projectId && !/^[a-z][a-z\d.:-]{2,62}$/.test(projectId)) {
    throw new UsageError('A project id is lower-case letters, digits and hyphens.');
  }
  const sandbox = runningSandbox();
  if (sandbox !== undefined && (!projectId || projectId === sandbox.projectId)) {
    return {
      FIRESTORE_EMULATOR_HOST: `127.0.0.1:${sandbox.ports.firestore}`,
      FIREBASE_AUTH_EMULATOR_HOST: `127.0.0.1:${sandbox.ports.auth}`,
      STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${sandbox.ports.secretManager}`,
      ...process.env,
      GCLOUD_PROJECT: sandbox.projectId,
    };
  }
  if (projectId) return { ...process.env, GCLOUD_PROJECT: projectId };
  throw new UsageError(
    'Of which project? Set GCLOUD_PROJECT (and sign in: gcloud auth application-default login), ' +
      'or start the sandbox with npm start.',
  );
}

function runningSandbox(): SandboxFile | undefined {
  try {
    return readSandboxFile();
  } catch {
    return undefined;
  }
}
