import { setTimeout } from 'node:timers/promises';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { StrongroomError, unavailable } from '../errors.ts';
import { crc32c } from './crc32c.ts';
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
   * @throws StrongroomError `unavailable` where Secret Manager could not be reached or its answer was
   *   damaged; SecretRefused where it does not give that version.
   */
  access(secretId: string, version: string): Promise<SecretVersion>;
  /** The number of the newest enabled version; costs a management read. @throws as `access`. */
  newestEnabled(secretId: string): Promise<string>;
}

const advice = {
  missing: 'There is no such version. Create it, or correct the name of the secret',
  disabled: 'It is disabled or destroyed. If it is disabled, enable it',
  denied:
    "This function's service account may not read it. Grant roles/secretmanager.secretAccessor and, " +
    'to find the newest enabled version, roles/secretmanager.viewer on the secret',
} as const;

/** Secret Manager answers, but does not give a version of a secret: its team must act. */
export class SecretRefused extends StrongroomError {
  readonly why: keyof typeof advice;

  constructor(why: keyof typeof advice, secretId: string, version: string) {
    const what = `Version ${version} of the secret ${secretId} cannot be used.`;
    super('settings_invalid', `${what} ${advice[why]}.`, { field: secretId });
    this.why = why;
  }
}

/** Time limit of one call. */
const callTimeoutMs = 8_000;
const retryPauseMs = 200;

/** By google.rpc.Code: NOT_FOUND, FAILED_PRECONDITION, PERMISSION_DENIED. */
const refusals = new Map<unknown, keyof typeof advice>([
  [5, 'missing'],
  [9, 'disabled'],
  [7, 'denied'],
]);

/** Reads through the client library, which is loaded at the first need only. */
export function createSecretReader(environment: Environment): SecretReader {
  const { client, nameOf } = secretClient(environment);

  return {
    async access(secretId, version) {
      const name = `${nameOf(secretId)}/versions/${version}`;
      const [answer] = await reach(secretId, version, async () =>
        (await client()).accessSecretVersion({ name }, callOptions()),
      );
      const { data, dataCrc32c } = answer.payload ?? {};
      const number = answer.name?.split('/').at(-1);
      if (data === null || data === undefined || number === undefined) {
        throw unavailable('secret-manager');
      }
      const payload = typeof data === 'string' ? Buffer.from(data, 'base64') : data;
      // What a damaged key seals opens nowhere else.
      const isDamaged = dataCrc32c != null && Number(dataCrc32c) !== crc32c(payload);
      if (isDamaged) throw unavailable('secret-manager');
      return { version: number, payload };
    },
    async newestEnabled(secretId) {
      const request = { parent: nameOf(secretId), filter: 'state:ENABLED', pageSize: 1 };
      const [versions] = await reach(secretId, 'latest', async () =>
        (await client()).listSecretVersions(request, { ...callOptions(), autoPaginate: false }),
      );
      const number = versions[0]?.name?.split('/').at(-1);
      if (number === undefined) throw new SecretRefused('disabled', secretId, 'latest');
      return number;
    },
  };
}

type ClientOptions = NonNullable<ConstructorParameters<typeof SecretManagerServiceClient>[0]>;

/** The client, made at the first need, and the name of a secret as it takes it. */
export function secretClient(environment: Environment) {
  return {
    client: memoise(async () => {
      const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager');
      return new SecretManagerServiceClient(await clientOptions(environment));
    }),
    nameOf: (secretId: string) => `projects/${environment.projectId}/secrets/${secretId}`,
  };
}

/**
 * A fresh object each time: the library writes into it. Its own retries are off, since they turn a
 * service that answers 503 into seconds of waiting; `reach` tries once more.
 */
export function callOptions() {
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

/** @throws StrongroomError `unavailable`; SecretRefused. */
export async function reach<T>(
  secretId: string,
  version: string,
  call: () => Promise<T>,
  mayRetry = true,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : 0;
    const why = refusals.get(code);
    if (why !== undefined) throw new SecretRefused(why, secretId, version);
    if (!mayRetry) throw unavailable('secret-manager');
    await setTimeout(retryPauseMs);
    return reach(secretId, version, call, false);
  }
}
