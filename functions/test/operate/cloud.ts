import type { IncomingMessage } from 'node:http';
import { isRecord, readJsonObject } from '../../../sandbox/http/body.ts';
import {
  type LocalServer,
  sendJson,
  startLocalServer,
} from '../../../sandbox/http/local-server.ts';
import { createApi } from '../../../sandbox/secret-manager/api.ts';
import { RpcError } from '../../../sandbox/secret-manager/rpc-error.ts';
import { SecretStore } from '../../../sandbox/secret-manager/store.ts';

/**
 * The Admin APIs that `npm run setup` speaks to, in memory, in the shapes of their REST references:
 * Service Usage v1, IAM v1, Resource Manager v1, Secret Manager v1, Firestore Admin v1, Cloud Functions v2. As they do,
 * it refuses what is unknown: paths, members of a body, accounts, stale etags, services that are
 * not enabled.
 */
export interface Cloud extends LocalServer {
  readonly requests: Asked[];
  /** Those that change something. */
  changes(): Asked[];
  readonly enabled: Set<string>;
  readonly accounts: Map<string, Account>;
  readonly store: SecretStore;
  readonly policies: Map<string, Policy>;
  readonly databases: Map<string, { type: string; locationId: string }>;
  readonly indexes: Json[];
  readonly fields: Map<string, Json>;
  readonly functions: Json[];
  /** Called before a request takes effect; what it throws is answered. */
  intercept: ((asked: Asked) => void) | undefined;
}

type Json = Record<string, unknown>;

export interface Asked {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly body: Json;
}

interface Account {
  disabled?: boolean;
  keys: string[];
}

export interface Policy {
  etag: string;
  bindings: { role: string; members: string[]; condition?: object }[];
}

const projectNumber = '123456789012';

export async function startCloud(projectId: string): Promise<Cloud> {
  const project = `projects/${projectId}`;
  const store = new SecretStore(`projects/${projectNumber}`);
  const secretApi = createApi(store, () => {});
  const requests: Asked[] = [];
  const enabled = new Set(['cloudresourcemanager.googleapis.com']);
  const accounts = new Map<string, Account>();
  const policies = new Map<string, Policy>();
  const databases: Cloud['databases'] = new Map();
  const indexes: Json[] = [];
  const fields = new Map<string, Json>();
  const functions: Json[] = [];
  let operations = 0;

  const begin = (prefix = '') => {
    operations += 1;
    return { name: `${prefix}operations/op-${operations}`, metadata: {} };
  };
  const takes = (body: Json, ...members: string[]) => {
    const unknown = Object.keys(body).find((member) => !members.includes(member));
    if (unknown === undefined) return;
    throw new RpcError(
      'INVALID_ARGUMENT',
      `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`,
    );
  };
  const policyOf = (resource: string): Policy => {
    const policy = policies.get(resource) ?? { etag: 'ACAB', bindings: [] };
    policies.set(resource, policy);
    return policy;
  };
  const setPolicy = (resource: string, body: Json) => {
    takes(body, 'policy', 'updateMask');
    const next = Object(body['policy']);
    takes(next, 'version', 'etag', 'bindings', 'auditConfigs');
    const policy = policyOf(resource);
    if (next.etag !== policy.etag) {
      throw new RpcError('ABORTED', 'There were concurrent policy changes. Please retry.');
    }
    const bindings: Policy['bindings'] = next.bindings;
    if (bindings.some(({ condition }) => condition) && next.version !== 3) {
      throw new RpcError('INVALID_ARGUMENT', 'Policies with conditions need version 3.');
    }
    const ours = bindings
      .flatMap(({ members }) => members)
      .map((member) => /^serviceAccount:(.*@.*\.iam\.gserviceaccount\.com)$/.exec(member)?.[1]);
    const gone = ours.find(
      (email) => email?.endsWith(`@${projectId}.iam.gserviceaccount.com`) && !accounts.has(email),
    );
    if (gone) throw new RpcError('INVALID_ARGUMENT', `Service account ${gone} does not exist.`);
    policies.set(resource, { etag: `${policy.etag}+`, bindings: structuredClone(bindings) });
    return { version: 3, ...policyOf(resource) };
  };
  const readPolicy = (resource: string, version: string | undefined) => {
    const policy = policyOf(resource);
    const isConditional = policy.bindings.some(({ condition }) => condition);
    if (isConditional && version !== '3')
      throw new RpcError('INVALID_ARGUMENT', 'Ask for version 3.');
    return { version: isConditional ? 3 : 1, ...structuredClone(policy) };
  };
  const accountOf = (email: string): Account => {
    const account = accounts.get(email);
    if (account) return account;
    throw new RpcError('NOT_FOUND', `Unknown service account ${email}`);
  };
  const databaseOf = (id: string) => {
    const database = databases.get(id);
    if (database) return { name: `${project}/databases/${id}`, ...database };
    throw new RpcError('NOT_FOUND', `The database ${id} does not exist for project ${projectId}.`);
  };
  const page = (member: string, list: readonly Json[], query: URLSearchParams) => {
    // Small pages, so that whoever reads the first only is found out.
    const start = Number(query.get('pageToken') ?? 0);
    const next = start + 20 < list.length ? { nextPageToken: String(start + 20) } : {};
    const items = list.slice(start, start + 20);
    return { ...(items.length > 0 && { [member]: items }), ...next };
  };

  type Handle = (asked: { ids: string[]; query: URLSearchParams; body: Json }) => unknown;
  const email = '([^/:]+)';
  const group = `databases/([^/]+)/collectionGroups/([^/]+)`;
  const routes: readonly (readonly [service: string, method: string, path: string, Handle])[] = [
    [
      'serviceusage',
      'GET',
      'services:batchGet',
      ({ query }) => ({
        services: query.getAll('names').map((name) => {
          const service = name.split('/').at(-1) ?? '';
          const state = enabled.has(service) ? 'ENABLED' : 'DISABLED';
          return { name: `projects/${projectNumber}/services/${service}`, state };
        }),
      }),
    ],
    [
      'serviceusage',
      'POST',
      'services:batchEnable',
      ({ body }) => {
        takes(body, 'serviceIds');
        const ids = body['serviceIds'];
        if (!Array.isArray(ids) || ids.length > 20)
          throw new RpcError('INVALID_ARGUMENT', 'At most 20.');
        for (const id of ids) enabled.add(String(id));
        return begin();
      },
    ],
    [
      'iam',
      'GET',
      `serviceAccounts/${email}`,
      ({ ids: [id = ''] }) => ({ email: id, disabled: accountOf(id).disabled }),
    ],
    [
      'iam',
      'GET',
      `serviceAccounts/${email}/keys`,
      ({ ids: [id = ''] }) => {
        const keys = accountOf(id).keys.map((key) => ({
          name: `${project}/serviceAccounts/${id}/keys/${key}`,
          keyType: 'USER_MANAGED',
        }));
        return keys.length > 0 ? { keys } : {};
      },
    ],
    [
      'iam',
      'POST',
      'serviceAccounts',
      ({ body }) => {
        takes(body, 'accountId', 'serviceAccount');
        takes(Object(body['serviceAccount']), 'displayName', 'description');
        const id = String(body['accountId']);
        const isName = /^[a-z][a-z\d-]{4,28}[a-z\d]$/.test(id);
        if (!isName || String(Object(body['serviceAccount']).displayName).length > 100)
          throw new RpcError('INVALID_ARGUMENT', 'Not a name.');
        const address = `${id}@${projectId}.iam.gserviceaccount.com`;
        if (accounts.has(address)) throw new RpcError('ALREADY_EXISTS', 'Exists already.');
        accounts.set(address, { keys: [] });
        return { name: `${project}/serviceAccounts/${address}`, email: address };
      },
    ],
    [
      'iam',
      'POST',
      `serviceAccounts/${email}:getIamPolicy`,
      ({ ids: [id = ''], query, body }) => {
        takes(body);
        accountOf(id);
        return readPolicy(id, query.get('options.requestedPolicyVersion') ?? undefined);
      },
    ],
    [
      'iam',
      'POST',
      `serviceAccounts/${email}:setIamPolicy`,
      ({ ids: [id = ''], body }) => {
        accountOf(id);
        return setPolicy(id, body);
      },
    ],
    [
      'secretmanager',
      'GET',
      'secrets/([^/:]+):getIamPolicy',
      ({ ids: [id = ''], query }) => {
        store.get(id);
        return readPolicy(id, query.get('options.requestedPolicyVersion') ?? undefined);
      },
    ],
    [
      'secretmanager',
      'POST',
      'secrets/([^/:]+):setIamPolicy',
      ({ ids: [id = ''], body }) => {
        store.get(id);
        return setPolicy(id, body);
      },
    ],
    [
      'cloudfunctions',
      'GET',
      'locations/-/functions',
      ({ query }) => page('functions', functions, query),
    ],
    ['firestore', 'GET', 'databases/([^/]+)', ({ ids: [id = ''] }) => databaseOf(id)],
    [
      'firestore',
      'POST',
      'databases',
      ({ query, body }) => {
        takes(body, 'type', 'locationId');
        const id = query.get('databaseId') ?? '';
        databases.set(id, { type: String(body['type']), locationId: String(body['locationId']) });
        return begin(`${project}/databases/${id}/`);
      },
    ],
    [
      'firestore',
      'GET',
      `databases/([^/]+)/operations/op-\\d+`,
      () => ({ name: 'x', done: true, response: {} }),
    ],
    [
      'firestore',
      'GET',
      `${group}/indexes`,
      ({ ids: [id = ''], query }) => {
        databaseOf(id);
        return page('indexes', indexes, query);
      },
    ],
    [
      'firestore',
      'POST',
      `${group}/indexes`,
      ({ ids: [id = '', name = ''], body }) => {
        databaseOf(id);
        takes(body, 'queryScope', 'fields');
        const given: Json[] = Array.isArray(body['fields']) ? body['fields'] : [];
        const order = given.at(-1)?.['order'];
        indexes.push({
          name: `${project}/databases/${id}/collectionGroups/${name}/indexes/i${indexes.length}`,
          queryScope: body['queryScope'],
          fields: [...given, { fieldPath: '__name__', order }],
          state: 'CREATING',
        });
        return begin(`${project}/databases/${id}/`);
      },
    ],
    [
      'firestore',
      'GET',
      `${group}/fields`,
      ({ ids: [id = ''], query }) => {
        databaseOf(id);
        const filter = 'indexConfig.usesAncestorConfig=false OR ttlConfig:*';
        if (query.get('filter') !== filter)
          throw new RpcError('INVALID_ARGUMENT', 'Unknown filter.');
        return page('fields', [...fields.values()], query);
      },
    ],
    [
      'firestore',
      'PATCH',
      `${group}/fields/([^/]+)`,
      ({ ids: [id = '', name = '', path = ''], query, body }) => {
        databaseOf(id);
        takes(body, 'name', 'indexConfig', 'ttlConfig');
        const resource = `${project}/databases/${id}/collectionGroups/${name}/fields/${path}`;
        const before = fields.get(resource) ?? { name: resource };
        const mask = (query.get('updateMask') ?? '').split(',');
        const config = Object(body['indexConfig']);
        fields.set(resource, {
          ...before,
          ...(mask.includes('indexConfig') && {
            indexConfig: config.indexes?.length > 0 ? config : {},
          }),
          ...(mask.includes('ttlConfig') && { ttlConfig: { state: 'CREATING' } }),
        });
        return begin(`${resource}/`);
      },
    ],
  ];

  const handle = ({ service, method, path, body }: Asked): unknown => {
    const url = new URL(path, 'http://cloud');
    const at = decodeURIComponent(url.pathname.slice(1));
    if (service !== 'serviceusage' && !enabled.has(`${service}.googleapis.com`)) {
      throw new Disabled(service);
    }
    if (service === 'cloudresourcemanager') {
      if (at === `${project}:setIamPolicy`) return setPolicy(project, body);
      if (at !== `${project}:getIamPolicy`) throw new RpcError('NOT_FOUND', at);
      return readPolicy(project, String(Object(body['options']).requestedPolicyVersion));
    }
    if (service === 'serviceusage' && /^operations\/op-\d+$/.test(at))
      return { name: at, done: true };
    if (!at.startsWith(`${project}/`)) throw new RpcError('PERMISSION_DENIED', `Not yours: ${at}`);
    const below = at.slice(project.length + 1);
    for (const [owner, verb, pattern, run] of routes) {
      const match =
        owner === service && verb === method ? new RegExp(`^${pattern}$`).exec(below) : null;
      if (match) return run({ ids: match.slice(1), query: url.searchParams, body });
    }
    if (service === 'secretmanager') return secretApi(method, below, url.searchParams, body);
    throw new RpcError('NOT_FOUND', `The requested URL ${method} ${at} was not found.`);
  };

  const cloud: Omit<Cloud, keyof LocalServer> = {
    requests,
    changes: () =>
      requests.filter(({ method, path }) => method !== 'GET' && !path.includes(':getIamPolicy')),
    enabled,
    accounts,
    store,
    policies,
    databases,
    indexes,
    fields,
    functions,
    intercept: undefined,
  };
  const server = await startLocalServer(async (request, response) => {
    try {
      const asked = await askedBy(request);
      requests.push(asked);
      running.intercept?.(asked);
      sendJson(response, 200, handle(asked));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      sendJson(response, error.httpStatus, error);
    }
  }, 0);
  const running: Cloud = Object.assign(cloud, server);
  return running;
}

async function askedBy(request: IncomingMessage): Promise<Asked> {
  const [, service = '', path = ''] =
    /^\/(cloudfunctions(?=\/v2\/)|[^/]+(?=\/v1\/))\/v.\/(.*)$/.exec(request.url ?? '') ?? [];
  if (request.headers.authorization !== 'Bearer of-the-operator') {
    throw new RpcError('PERMISSION_DENIED', 'Request had no valid credentials.');
  }
  const body = await readJsonObject(request);
  return { service, method: request.method ?? '', path, body: isRecord(body) ? body : {} };
}

/** As every Google API says that it is not enabled. */
export class Disabled extends RpcError {
  readonly #service: string;
  constructor(service: string) {
    super(
      'PERMISSION_DENIED',
      `${service} API has not been used in project before or it is disabled.`,
    );
    this.#service = service;
  }
  override toJSON(): object {
    const info = {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'SERVICE_DISABLED',
      domain: 'googleapis.com',
      metadata: { service: `${this.#service}.googleapis.com` },
    };
    return { error: { code: 403, message: this.message, status: this.status, details: [info] } };
  }
}
