import { setTimeout } from 'node:timers/promises';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { StrongroomError, unavailable } from '../errors.ts';
import type { Environment } from './environment.ts';
import { memoise } from './memoise.ts';

/** One version of a secret: its number and its bytes. */
export interface SecretVersion {
  readonly version: string;
  readonly payload: Uint8Array;
}

/** What the suite needs of Secret Manager. */
export interface SecretReader {
  /**
   * Reads one version: a number, or `latest`, the newest of all, enabled or not.
   *
   * @throws StrongroomError `unavailable` where Secret Manager could not be reached,
   *   `settings_invalid` where the secret or an enabled version of it is missing.
   */
  access(secretId: string, version: string): Promise<SecretVersion>;
  /** The number of the newest enabled version; costs a management read. */
  newestEnabled(secretId: string): Promise<string>;
}

/** Time limit of one call. */
const callTimeoutMs = 8_000;
const retryPauseMs = 200;
// google.rpc.Code
const permissionDenied = 7;
const notFound = 5;
const failedPrecondition = 9;

/** Reads through the client library, which is loaded at the first need only. */
export function createSecretReader(environment: Environment): SecretReader {
  const client = memoise(async () => {
    const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager');
    return new SecretManagerServiceClient(await clientOptions(environment));
  });
  const nameOf = (secretId: string) => `projects/${environment.projectId}/secrets/${secretId}`;

  return {
    async access(secretId, version) {
      const name = `${nameOf(secretId)}/versions/${version}`;
      const [answer] = await reach(secretId, async () =>
        (await client()).accessSecretVersion({ name }, callOptions()),
      );
      const data = answer.payload?.data;
      const number = answer.name?.split('/').at(-1);
      if (data === null || data === undefined || number === undefined) throw missing(secretId);
      return {
        version: number,
        payload: typeof data === 'string' ? Buffer.from(data, 'base64') : data,
      };
    },
    async newestEnabled(secretId) {
      const request = { parent: nameOf(secretId), filter: 'state:ENABLED', pageSize: 1 };
      const [versions] = await reach(secretId, async () =>
        (await client()).listSecretVersions(request, { ...callOptions(), autoPaginate: false }),
      );
      const number = versions[0]?.name?.split('/').at(-1);
      if (number === undefined) throw missing(secretId);
      return number;
    },
  };
}

type ClientOptions = NonNullable<ConstructorParameters<typeof SecretManagerServiceClient>[0]>;

/**
 * A fresh object each time: the library writes into it. Its own retries are off, since they turn a
 * service that answers 503 into seconds of waiting; `reach` tries once more.
 */
function callOptions() {
  return { timeout: callTimeoutMs, retry: null };
}

/** REST (`fallback`) in both worlds: it spares the cold start gRPC. */
async function clientOptions(environment: Environment): Promise<ClientOptions> {
  if (environment.secretManagerHost === undefined) return { fallback: true };
  const { PassThroughClient } = await import('google-auth-library');
  const { hostname, port } = new URL(`http://${environment.secretManagerHost}`);
  return {
    fallback: true,
    protocol: 'http',
    apiEndpoint: hostname,
    port: Number(port),
    authClient: new PassThroughClient(),
    projectId: environment.projectId,
  };
}

async function reach<T>(secretId: string, call: () => Promise<T>, mayRetry = true): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : 0;
    if (code === notFound || code === failedPrecondition || code === permissionDenied) {
      throw missing(secretId);
    }
    if (!mayRetry) throw unavailable('secret-manager');
    await setTimeout(retryPauseMs);
    return reach(secretId, call, false);
  }
}

function missing(secretId: string): StrongroomError {
  return new StrongroomError(
    'settings_invalid',
    `No enabled version of the secret ${secretId} can be read. Create it, or let this function's ` +
      'service account access it (roles/secretmanager.secretAccessor).',
    { field: secretId },
  );
}
