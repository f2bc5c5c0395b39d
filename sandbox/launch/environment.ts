import type { Variables } from './processes.ts';
import type { SandboxFile } from './sandbox-file.ts';

const foreign =
  /^(GOOGLE_APPLICATION_CREDENTIALS|GOOGLE_CLOUD_PROJECT|GCLOUD_PROJECT|FIREBASE_(CONFIG|TOKEN)|FUNCTIONS_EMULATOR|.*_EMULATOR_H(OST|UB))$/;

/** The variables without any credential, project or emulator of the user's own shell. */
export function withoutAccounts(variables: Variables): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !foreign.test(name)));
}

/**
 * What a function finds in its environment, but for FUNCTIONS_EMULATOR: so it runs as in
 * production, against the emulators.
 */
export function functionEnvironment({ projectId, ports }: SandboxFile): Record<string, string> {
  const at = (port: number) => `127.0.0.1:${port}`;
  return {
    GCLOUD_PROJECT: projectId,
    FIREBASE_CONFIG: JSON.stringify({ projectId }),
    FIRESTORE_EMULATOR_HOST: at(ports.meter),
    FIREBASE_AUTH_EMULATOR_HOST: at(ports.auth),
    CLOUD_TASKS_EMULATOR_HOST: at(ports.tasks),
    // As firebase-tools sets it: the one with a scheme.
    CLOUD_EVENTARC_EMULATOR_HOST: `http://${at(ports.eventarc)}`,
    STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: at(ports.secretManager),
    // No search for the metadata server of a machine in the cloud: that takes seconds.
    METADATA_SERVER_DETECTION: 'none',
  };
}
