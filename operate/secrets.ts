import { isRecord } from '../sandbox/http/body.ts';
import { crc32c } from '../sandbox/secret-manager/crc32c.ts';
import {
  type GoogleApi,
  GoogleApiError,
  ifThere,
  type Json,
  listOf,
  textOf,
} from './google-api.ts';

/** One version of a secret; the number rises by one with each. */
export interface Version {
  readonly number: number;
  readonly state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
}

/** Administers the secrets of a project (Secret Manager REST v1). @throws GoogleApiError */
export function createSecrets(api: GoogleApi, projectId: string) {
  const parent = `projects/${projectId}`;
  const ask = (method: 'GET' | 'POST', path: string, body?: Json) =>
    api('secretmanager', method, `${parent}/${path}`, body);

  return {
    exists: async (id: string): Promise<boolean> =>
      (await ifThere(ask('GET', `secrets/${id}`))) !== undefined,

    /** Replicated by Google's choice. */
    async create(id: string): Promise<void> {
      await ask('POST', `secrets?secretId=${id}`, { replication: { automatic: {} } });
    },

    /** Newest first; of a secret that is not there, none. */
    async versions(id: string): Promise<Version[]> {
      const found: Version[] = [];
      let token = '';
      do {
        const query = `pageSize=250${token && `&pageToken=${encodeURIComponent(token)}`}`;
        const page = await ifThere(ask('GET', `secrets/${id}/versions?${query}`));
        if (page === undefined) return [];
        found.push(...listOf(page, 'versions').map(versionOf));
        token = textOf(page, 'nextPageToken');
      } while (token !== '');
      return found.sort((a, b) => b.number - a.number);
    },

    async access(id: string, number: number): Promise<Uint8Array> {
      const answer = await ask('GET', `secrets/${id}/versions/${number}:access`);
      const payload = isRecord(answer['payload']) ? answer['payload'] : {};
      return Buffer.from(textOf(payload, 'data'), 'base64');
    },

    /** @returns the number of the new version. */
    async add(id: string, bytes: Uint8Array): Promise<number> {
      const data = Buffer.from(bytes).toString('base64');
      const payload = { data, dataCrc32c: String(crc32c(bytes)) };
      return versionOf(await ask('POST', `secrets/${id}:addVersion`, { payload })).number;
    },
  };
}

export type Secrets = ReturnType<typeof createSecrets>;

function versionOf(answer: Json): Version {
  const number = Number(textOf(answer, 'name').split('/').at(-1));
  const state = textOf(answer, 'state');
  const isKnown = state === 'ENABLED' || state === 'DISABLED' || state === 'DESTROYED';
  if (!Number.isInteger(number) || number < 1 || !isKnown) {
    throw new GoogleApiError('UNKNOWN', 'Secret Manager gave an answer that cannot be read.');
  }
  return { number, state };
}
