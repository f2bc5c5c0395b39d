import { readFileSync } from 'node:fs';
import { isRecord } from '../../sandbox/http/body.ts';
import { ifThere, type Json, listOf, textOf } from '../google-api.ts';
import type { Difference, Need, Site } from './needs.ts';
import { finish } from './operation.ts';

const indexesFile = new URL('../../firestore.indexes.json', import.meta.url);

/** The database itself (Firestore Admin v1). Its place can never be changed, so a person says it. */
export function databaseNeed({ api, projectId, names, location, pauseMs }: Site): Need {
  const parent = `projects/${projectId}/databases`;
  return {
    title: 'Firestore database',
    isInSandbox: false,
    async find() {
      const found = await ifThere(api('firestore', 'GET', `${parent}/${names.database}`));
      if (found === undefined) {
        const what = `the database ${names.database} is missing`;
        if (location === undefined) {
          const command = `npm run setup -- --project ${projectId} --apply --location <location>`;
          return [{ what, mend: `${command}, once you know where your data may be: eur3, nam5 …` }];
        }
        const says = `create the database ${names.database} in ${location}, for good`;
        const apply = async () => {
          const path = `${parent}?databaseId=${encodeURIComponent(names.database)}`;
          const body = { type: 'FIRESTORE_NATIVE', locationId: location };
          await finish(api, 'firestore', await api('firestore', 'POST', path, body), pauseMs);
        };
        return [{ what, change: { says, apply } }];
      }
      if (found['type'] === 'FIRESTORE_NATIVE') return [];
      return [
        {
          what: `the database ${names.database} is in Datastore mode, which has no live documents`,
          mend: `gcloud firestore databases create --database strongroom --location <location> --project ${projectId}, and STRONGROOM_DATABASE=strongroom`,
        },
      ];
    },
  };
}

/** Composite indexes, exemptions and TTL policies, as `firestore.indexes.json` has them. */
export function indexesNeed(site: Site): Need {
  const { api, projectId, names } = site;
  const groups = `projects/${projectId}/databases/${names.database}/collectionGroups`;
  return {
    title: 'Indexes and TTL policies',
    isInSandbox: false,
    async find() {
      const wanted: unknown = JSON.parse(readFileSync(indexesFile, 'utf8'));
      if (!isRecord(wanted)) throw new Error('firestore.indexes.json is no JSON object.');
      const indexes = await all(api, `${groups}/-/indexes`, 'indexes', '');
      const filter = 'indexConfig.usesAncestorConfig=false OR ttlConfig:*';
      const query = `filter=${encodeURIComponent(filter)}`;
      const fields = await all(api, `${groups}/-/fields`, 'fields', query);
      return [
        ...listOf(wanted, 'indexes').flatMap((index) => lookAtIndex(site, groups, index, indexes)),
        ...listOf(wanted, 'fieldOverrides').flatMap((override) =>
          lookAtField(site, groups, override, fields),
        ),
      ];
    },
  };
}

async function all(api: Site['api'], path: string, member: string, query: string): Promise<Json[]> {
  const found: Json[] = [];
  let token = '';
  do {
    const parts = [query, token && `pageToken=${encodeURIComponent(token)}`].filter(Boolean);
    const page = await ifThere(api('firestore', 'GET', `${path}?${parts.join('&')}`));
    if (page === undefined) return [];
    found.push(...listOf(page, member));
    token = textOf(page, 'nextPageToken');
  } while (token !== '');
  return found;
}

function lookAtIndex({ api }: Site, groups: string, wanted: Json, found: Json[]): Difference[] {
  const group = textOf(wanted, 'collectionGroup');
  const { queryScope } = wanted;
  const fields = listOf(wanted, 'fields');
  const isThere = found.some(
    (index) =>
      collectionOf(index) === group &&
      index['queryScope'] === queryScope &&
      shapeOf(listOf(index, 'fields')) === shapeOf(fields) &&
      index['state'] !== 'NEEDS_REPAIR',
  );
  if (isThere) return [];
  const name = `${group} (${fields.map((field) => textOf(field, 'fieldPath')).join(', ')})`;
  return [
    {
      what: `the index of ${name} is missing`,
      change: {
        says: `create the index of ${name}`,
        apply: async () =>
          void (await api('firestore', 'POST', `${groups}/${group}/indexes`, {
            queryScope,
            fields,
          })),
      },
    },
  ];
}

/** The service adds `__name__` at the end, in the order of the last field. */
function shapeOf(fields: readonly Json[]): string {
  return fields
    .filter((field) => textOf(field, 'fieldPath') !== '__name__')
    .map((field) => [field['fieldPath'], field['order'], field['arrayConfig']].join(' '))
    .join(', ');
}

function lookAtField({ api }: Site, groups: string, wanted: Json, found: Json[]): Difference[] {
  const [group, path] = [textOf(wanted, 'collectionGroup'), textOf(wanted, 'fieldPath')];
  const field = found.find(
    (one) => collectionOf(one) === group && textOf(one, 'name').endsWith(`/fields/${path}`),
  );
  const indexes = listOf(wanted, 'indexes').map(({ queryScope, ...index }) => ({
    queryScope,
    fields: [{ fieldPath: path, ...index }],
  }));
  const config = field === undefined ? undefined : field['indexConfig'];
  const now = isRecord(config) ? listOf(config, 'indexes') : undefined;
  const isExempt = now !== undefined && scopesOf(now) === scopesOf(indexes);
  const ttl = field?.['ttlConfig'];
  const isExpiring = isRecord(ttl) && ttl['state'] !== 'NEEDS_REPAIR';
  const needsTtl = wanted['ttl'] === true && !isExpiring;
  if (isExempt && !needsTtl) return [];
  const parts = [...(isExempt ? [] : ['indexConfig']), ...(needsTtl ? ['ttlConfig'] : [])];
  const what = parts
    .map((part) => (part === 'ttlConfig' ? 'TTL policy' : 'index exemption'))
    .join(' and ');
  const name = `${groups}/${group}/fields/${path}`;
  return [
    {
      what: `the ${what} of ${group}.${path} is missing`,
      change: {
        says: `set the ${what} of ${group}.${path}`,
        apply: async () =>
          void (await api('firestore', 'PATCH', `${name}?updateMask=${parts.join(',')}`, {
            name,
            ...(isExempt ? {} : { indexConfig: { indexes } }),
            ...(needsTtl && { ttlConfig: {} }),
          })),
      },
    },
  ];
}

function scopesOf(indexes: readonly Json[]): string {
  return indexes
    .map((index) => `${textOf(index, 'queryScope')} ${shapeOf(listOf(index, 'fields'))}`)
    .sort()
    .join('; ');
}

/** `…/collectionGroups/{group}/indexes/{id}` */
function collectionOf(resource: Json): string {
  return /\/collectionGroups\/([^/]+)\//.exec(textOf(resource, 'name'))?.[1] ?? '';
}
