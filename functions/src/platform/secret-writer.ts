import { crc32c } from './crc32c.ts';
import type { Environment } from './environment.ts';
import { callOptions, reach, secretClient } from './secret-manager.ts';

/** A version of a secret, without its payload. */
export interface VersionState {
  readonly version: string;
  readonly state: 'enabled' | 'disabled' | 'destroyed';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * What changing a secret's versions takes. `rotateKeys` alone has it: whoever serves requests needs
 * no more than `SecretReader`. All throw StrongroomError `unavailable`, or SecretRefused.
 */
export interface SecretWriter {
  /** All versions, oldest first. */
  list(secretId: string): Promise<readonly VersionState[]>;
  /** @returns the number of the new version. Tried once: a lost answer would leave two. */
  addVersion(secretId: string, payload: Uint8Array): Promise<string>;
  disable(secretId: string, version: string): Promise<void>;
  /** For ever. */
  destroy(secretId: string, version: string): Promise<void>;
}

/** `google.cloud.secretmanager.v1.SecretVersion.State`, by name as by number. */
const states = new Map<unknown, VersionState['state']>([
  ['ENABLED', 'enabled'],
  [1, 'enabled'],
  ['DISABLED', 'disabled'],
  [2, 'disabled'],
  ['DESTROYED', 'destroyed'],
  [3, 'destroyed'],
]);

/** Changes the versions of secrets; reading them is another matter (`secret-manager.ts`). */
export function createSecretWriter(environment: Environment): SecretWriter {
  const { client, nameOf } = secretClient(environment);
  const versionOf = (secretId: string, version: string) =>
    `${nameOf(secretId)}/versions/${version}`;

  return {
    async list(secretId) {
      const parent = nameOf(secretId);
      const [versions] = await reach(secretId, 'latest', async () =>
        (await client()).listSecretVersions({ parent }, callOptions()),
      );
      return versions
        .flatMap(({ name, state, createTime }) => {
          const known = states.get(state);
          const version = numberOf(name);
          const createdAt = Number(createTime?.seconds ?? 0) * 1_000;
          return known === undefined ? [] : [{ version, state: known, createdAt }];
        })
        .sort((one, other) => Number(one.version) - Number(other.version));
    },
    async addVersion(secretId, payload) {
      const request = {
        parent: nameOf(secretId),
        payload: { data: payload, dataCrc32c: crc32c(payload) },
      };
      const add = async () => (await client()).addSecretVersion(request, callOptions());
      const [added] = await reach(secretId, 'latest', add, false);
      return numberOf(added.name);
    },
    async disable(secretId, version) {
      const name = versionOf(secretId, version);
      await reach(secretId, version, async () =>
        (await client()).disableSecretVersion({ name }, callOptions()),
      );
    },
    async destroy(secretId, version) {
      const name = versionOf(secretId, version);
      await reach(secretId, version, async () =>
        (await client()).destroySecretVersion({ name }, callOptions()),
      );
    },
  };
}

function numberOf(name: string | null | undefined): string {
  return name?.split('/').at(-1) ?? '';
}
