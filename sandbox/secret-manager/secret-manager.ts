import type { IncomingMessage } from 'node:http';
import { readJsonObject } from '../http/body.ts';
import { type LocalServer, sendJson, startLocalServer } from '../http/local-server.ts';
import { createApi } from './api.ts';
import { RpcError } from './rpc-error.ts';
import { SecretStore } from './store.ts';

/** Real answers name the project by its number, so these do too. */
const projectNumber = '100000000009';

export interface SecretManager extends LocalServer {
  /** Adds a version (the secret is created at need) and gives its number. */
  addSecretVersion(secretId: string, payload: Uint8Array): string;
  /** How often each payload was handed out, by `<secret>/<version number>`. */
  accessCounts(): Readonly<Record<string, number>>;
  resetAccessCounts(): void;
  /** While true, every call answers 503 `UNAVAILABLE`. */
  setUnavailable(unavailable: boolean): void;
}

/**
 * A stand-in for Secret Manager, in memory: its v1 REST protocol for one project, to which the
 * real client library talks unchanged in its REST mode. No credentials are asked for.
 *
 * | control over HTTP | |
 * |---|---|
 * | `GET`, `DELETE /sandbox/access-counts` | `accessCounts`, `resetAccessCounts` |
 * | `PATCH /sandbox/settings` | `{unavailable}`: `setUnavailable` |
 */
export async function startSecretManager(options: {
  readonly port: number;
  readonly projectId: string;
}): Promise<SecretManager> {
  const store = new SecretStore(`projects/${projectNumber}`);
  const counts = new Map<string, number>();
  const call = createApi(store, (secretId, version) => {
    const key = `${secretId}/${version}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  let unavailable = false;

  const control: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => void>> = {
    'GET /sandbox/access-counts': () => {},
    'DELETE /sandbox/access-counts': () => counts.clear(),
    'PATCH /sandbox/settings': (body) => {
      unavailable = body['unavailable'] === true;
    },
  };

  const server = await startLocalServer(async (request, response) => {
    try {
      const body = await readBody(request);
      const { method = 'GET', url = '/' } = request;
      const command = control[`${method} ${url}`];
      if (command) {
        command(body);
        return sendJson(response, 200, Object.fromEntries(counts));
      }
      if (unavailable) throw new RpcError('UNAVAILABLE', 'The service is currently unavailable.');
      const { path, query } = parseUrl(url, options.projectId);
      sendJson(response, 200, call(method, path, query, body));
    } catch (error) {
      const rpcError =
        error instanceof RpcError ? error : new RpcError('INTERNAL', 'Internal error.');
      sendJson(response, rpcError.httpStatus, rpcError);
    }
  }, options.port);

  return {
    ...server,
    addSecretVersion(secretId, payload) {
      if (!store.has(secretId)) store.create(secretId, { replication: { automatic: {} } });
      return store.addVersion(secretId, payload).name.split('/').at(-1) ?? '';
    },
    accessCounts: () => Object.fromEntries(counts),
    resetAccessCounts: () => counts.clear(),
    setUnavailable(value) {
      unavailable = value;
    },
  };
}

/** The path below `projects/<project>/`, which must be ours, by id or by number. */
function parseUrl(source: string, projectId: string) {
  const url = new URL(source, 'http://localhost');
  const [, project, path] = /^\/v1\/projects\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  if (project === undefined || path === undefined) {
    throw new RpcError('NOT_FOUND', `The requested URL ${url.pathname} was not found.`);
  }
  if (project !== projectId && project !== projectNumber) {
    throw new RpcError('PERMISSION_DENIED', `Permission denied on resource project ${project}.`);
  }
  return { path: decodeURIComponent(path), query: url.searchParams };
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  try {
    return await readJsonObject(request);
  } catch {
    throw new RpcError('INVALID_ARGUMENT', 'Invalid JSON payload received.');
  }
}
