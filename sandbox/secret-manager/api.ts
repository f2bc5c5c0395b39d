import { isRecord } from '../http/body.ts';
import { crc32c } from './crc32c.ts';
import { parseFilter } from './filter.ts';
import { RpcError } from './rpc-error.ts';
import { inState, type Secret, type SecretStore, type Version } from './store.ts';

/** One call, already stripped of HTTP: names from the path, query and JSON body. */
export interface Call {
  readonly secretId: string;
  readonly versionId: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Told of every payload handed out. */
export type OnAccess = (secretId: string, version: string) => void;

type Method = (call: Call) => unknown;

const secretPath = 'secrets/([^/:]+)';
const versionPath = `${secretPath}/versions/([^/:]+)`;

/** The methods of `google.cloud.secretmanager.v1` by HTTP verb and path below `projects/*`. */
export function createApi(store: SecretStore, onAccess: OnAccess) {
  const routes: readonly (readonly [string, string, Method])[] = [
    ['GET', 'secrets', ({ query }) => listSecrets(store, query)],
    ['POST', 'secrets', ({ query, body }) => createSecret(store, query, body)],
    ['GET', secretPath, ({ secretId }) => secretJson(store.get(secretId))],
    ['DELETE', secretPath, ({ secretId }) => deleteSecret(store, secretId)],
    ['POST', `${secretPath}:addVersion`, (call) => addVersion(store, call)],
    ['GET', `${secretPath}/versions`, (call) => listVersions(store, call)],
    ['GET', versionPath, (call) => versionJson(find(store, call), call.query)],
    ['GET', `${versionPath}:access`, (call) => access(store, call, onAccess)],
    ['POST', `${versionPath}:enable`, (call) => move(store, call, 'ENABLED')],
    ['POST', `${versionPath}:disable`, (call) => move(store, call, 'DISABLED')],
    ['POST', `${versionPath}:destroy`, (call) => move(store, call, 'DESTROYED')],
  ];
  const table = routes.map(
    ([verb, path, method]) => [verb, new RegExp(`^${path}$`), method] as const,
  );

  return (verb: string, path: string, query: URLSearchParams, body: Call['body']): unknown => {
    for (const [routeVerb, pattern, method] of table) {
      const match = routeVerb === verb ? pattern.exec(path) : null;
      if (match)
        return method({ secretId: match[1] ?? '', versionId: match[2] ?? '', query, body });
    }
    throw new RpcError('UNIMPLEMENTED', `${verb} ${path} is not part of this stand-in.`);
  };
}

function listSecrets(store: SecretStore, query: URLSearchParams): object {
  const matches = parseFilter(query.get('filter') ?? '');
  const secrets = store
    .list()
    .filter(({ name, createTime }) => matches({ name, create_time: createTime }));
  return page('secrets', secrets.map(secretJson), query);
}

function createSecret(store: SecretStore, query: URLSearchParams, body: Call['body']): object {
  return secretJson(store.create(query.get('secretId') ?? '', body));
}

function deleteSecret(store: SecretStore, secretId: string): object {
  store.delete(secretId);
  return {};
}

function addVersion(store: SecretStore, { secretId, body, query }: Call): object {
  const payload = body['payload'];
  const data = isRecord(payload) ? payload['data'] : undefined;
  if (!isRecord(payload) || typeof data !== 'string') {
    throw new RpcError('INVALID_ARGUMENT', 'The payload is required.');
  }
  const checksum = payload['dataCrc32c'];
  const bytes = Buffer.from(data, 'base64');
  return versionJson(store.addVersion(secretId, bytes, parseInt64(checksum)), query);
}

function listVersions(store: SecretStore, { secretId, query }: Call): object {
  const matches = parseFilter(query.get('filter') ?? '');
  const versions = store
    .get(secretId)
    .versions.filter(({ name, state, createTime }) =>
      matches({ name, state, create_time: createTime }),
    )
    .reverse();
  return page(
    'versions',
    versions.map((version) => versionJson(version, query)),
    query,
  );
}

function access(store: SecretStore, call: Call, onAccess: OnAccess): object {
  const version = find(store, call);
  if (version.state !== 'ENABLED') throw inState(version);
  onAccess(call.secretId, version.name.split('/').at(-1) ?? '');
  return {
    name: version.name,
    payload: {
      data: Buffer.from(version.payload).toString('base64'),
      dataCrc32c: String(crc32c(version.payload)),
    },
  };
}

function move(store: SecretStore, call: Call, state: Version['state']): object {
  return versionJson(store.setState(find(store, call), state), call.query);
}

function find(store: SecretStore, { secretId, versionId }: Call): Version {
  return store.version(secretId, versionId);
}

function secretJson({ attributes, name, createTime }: Secret): object {
  return { ...attributes, name, createTime };
}

// google.cloud.secretmanager.v1.SecretVersion.State
const stateNumbers = { ENABLED: 1, DISABLED: 2, DESTROYED: 3 } as const;

/** Never the payload. The client library asks for enums as numbers (`$alt`). */
function versionJson({ payload: _payload, ...version }: Version, query: URLSearchParams): object {
  const numeric = query.get('$alt')?.includes('enum-encoding=int') ?? false;
  return { ...version, state: numeric ? stateNumbers[version.state] : version.state };
}

function page(key: string, items: readonly object[], query: URLSearchParams): object {
  const start = Number(query.get('pageToken') ?? 0);
  const size = Number(query.get('pageSize') ?? 0) || 25_000;
  const end = start + size;
  return {
    [key]: items.slice(start, end),
    nextPageToken: end < items.length ? String(end) : '',
    totalSize: query.get('filter') ? 0 : items.length,
  };
}

function parseInt64(value: unknown): bigint | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value !== '');
  return isNumber && /^-?\d+$/.test(String(value)) ? BigInt(value) : undefined;
}
