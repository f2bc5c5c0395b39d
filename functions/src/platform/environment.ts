/** Where the suite runs and what it may therefore trust. */
export interface Environment {
  /**
   * `sandbox` only for a project whose id starts with `demo-`: Firebase reserves the prefix for
   * emulators, so no real project can ever be taken for one.
   */
  readonly mode: 'sandbox' | 'production';
  readonly projectId: string;
  /** `host:port` of the Secret Manager stand-in; sandbox only. */
  readonly secretManagerHost?: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Where the Secret Manager stand-in listens unless a variable says otherwise. */
const defaultSecretManagerHost = '127.0.0.1:9010';

/** Variables that switch a Google or Firebase client library to an emulator, or checks off. */
const emulatorVariable = /_EMULATOR(_HOST|_HUB)?$|^FIREBASE_DEBUG_(MODE|FEATURES)$/;

/**
 * Reads the environment once, at boot.
 *
 * @throws Error in a real project when a variable points at an emulator: the Admin SDK would then
 *   accept unsigned ID tokens. Refusing to boot is the only safe answer.
 */
export function readEnvironment(variables: Variables): Environment {
  const projectId = projectIdOf(variables);
  if (projectId.startsWith('demo-')) {
    return {
      mode: 'sandbox',
      projectId,
      secretManagerHost:
        variables['STRONGROOM_SECRET_MANAGER_EMULATOR_HOST'] ?? defaultSecretManagerHost,
    };
  }
  const offending = Object.keys(variables).filter(
    (name) => variables[name] !== undefined && emulatorVariable.test(name),
  );
  if (offending.length > 0) {
    throw new Error(
      `Strongroom refuses to start: ${offending.join(', ')} would make project ${projectId} trust ` +
        'an emulator. Remove the variable, or use a project id that starts with "demo-".',
    );
  }
  return { mode: 'production', projectId };
}

/** The platform sets both; the Admin SDK believes the second, so they must say the same. */
function projectIdOf(variables: Variables): string {
  const named = variables['GCLOUD_PROJECT'] || variables['GOOGLE_CLOUD_PROJECT'];
  const configured = projectIdOfFirebaseConfig(variables['FIREBASE_CONFIG']);
  if (named && configured && named !== configured) {
    throw new Error(
      `Strongroom refuses to start: GCLOUD_PROJECT is ${named}, but FIREBASE_CONFIG says ` +
        `${configured}. Let them name the same project.`,
    );
  }
  const projectId = named || configured;
  if (!projectId) {
    throw new Error('Strongroom refuses to start: set GCLOUD_PROJECT to the project id.');
  }
  return projectId;
}

function projectIdOfFirebaseConfig(json: string | undefined): string | undefined {
  if (json === undefined || !json.startsWith('{')) return undefined;
  const config: unknown = JSON.parse(json);
  if (typeof config !== 'object' || config === null || !('projectId' in config)) return undefined;
  return typeof config.projectId === 'string' ? config.projectId : undefined;
}
