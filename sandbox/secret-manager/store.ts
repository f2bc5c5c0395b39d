import { crc32c } from './crc32c.ts';
import { RpcError } from './rpc-error.ts';

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

/** One version of a secret; its payload is gone once destroyed. */
export interface Version {
  readonly name: string;
  readonly createTime: string;
  readonly clientSpecifiedPayloadChecksum: boolean;
  state: VersionState;
  destroyTime?: string;
  payload: Uint8Array;
}

/** A secret and its versions, oldest first: version n is at n - 1. */
export interface Secret {
  readonly name: string;
  readonly createTime: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly versions: Version[];
}

const maximumPayloadBytes = 65_536;

/** The secrets of one project, in memory. Errors are those of the API. */
export class SecretStore {
  readonly #parent: string;
  readonly #secrets = new Map<string, Secret>();

  /** @param parent `projects/<project>`, the beginning of every name. */
  constructor(parent: string) {
    this.#parent = parent;
  }

  /** Newest first, as the API lists them. */
  list(): Secret[] {
    return [...this.#secrets.values()].reverse();
  }

  has(secretId: string): boolean {
    return this.#secrets.has(secretId);
  }

  get(secretId: string): Secret {
    const secret = this.#secrets.get(secretId);
    if (secret) return secret;
    throw new RpcError('NOT_FOUND', `Secret [${this.#nameOf(secretId)}] not found.`);
  }

  create(secretId: string, attributes: Readonly<Record<string, unknown>>): Secret {
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(secretId)) {
      throw new RpcError(
        'INVALID_ARGUMENT',
        'The provided Secret ID does not match the expected format [[a-zA-Z_0-9-]+]',
      );
    }
    const name = this.#nameOf(secretId);
    if (this.#secrets.has(secretId)) {
      throw new RpcError('ALREADY_EXISTS', `Secret [${name}] already exists.`);
    }
    const secret: Secret = { name, createTime: now(), attributes, versions: [] };
    this.#secrets.set(secretId, secret);
    return secret;
  }

  delete(secretId: string): void {
    this.get(secretId);
    this.#secrets.delete(secretId);
  }

  /** @param checksum what the caller says the payload's CRC-32C is, checked. */
  addVersion(secretId: string, payload: Uint8Array, checksum?: bigint): Version {
    const { name, versions } = this.get(secretId);
    if (payload.length > maximumPayloadBytes) {
      throw new RpcError(
        'INVALID_ARGUMENT',
        `Payload exceeds the maximum size of ${maximumPayloadBytes} bytes.`,
      );
    }
    if (checksum !== undefined && checksum !== BigInt(crc32c(payload))) {
      throw new RpcError('INVALID_ARGUMENT', 'Payload checksum mismatch.');
    }
    const version: Version = {
      name: `${name}/versions/${versions.length + 1}`,
      createTime: now(),
      clientSpecifiedPayloadChecksum: checksum !== undefined,
      state: 'ENABLED',
      payload: Uint8Array.from(payload),
    };
    versions.push(version);
    return version;
  }

  /** @param id a number, or `latest`: the newest of all, whatever its state. */
  version(secretId: string, id: string): Version {
    const { name, versions } = this.get(secretId);
    const version = id === 'latest' ? versions.at(-1) : versions[Number(id) - 1];
    if (version) return version;
    throw new RpcError('NOT_FOUND', `Secret Version [${name}/versions/${id}] not found.`);
  }

  /** Moves a version to a state; `DESTROYED` is final and drops the payload. */
  setState(version: Version, state: VersionState): Version {
    if (version.state === 'DESTROYED') throw inState(version);
    version.state = state;
    if (state === 'DESTROYED') {
      version.payload = new Uint8Array();
      version.destroyTime = now();
    }
    return version;
  }

  #nameOf(secretId: string): string {
    return `${this.#parent}/secrets/${secretId}`;
  }
}

/** The error of reading or moving a version whose state forbids it. */
export function inState({ name, state }: Version): RpcError {
  return new RpcError('FAILED_PRECONDITION', `Secret Version [${name}] is in ${state} state.`);
}

function now(): string {
  return new Date().toISOString();
}
