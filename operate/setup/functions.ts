import { isRecord } from '../../sandbox/http/body.ts';
import { ifThere, type Json, listOf, textOf } from '../google-api.ts';
import { type AccountName, type Difference, emailOf, type Need, type Site } from './needs.ts';

/** As `firebase.json` names it; `firebase deploy` labels each function with it. */
const codebase = 'strongroom';
/** As `functions/src/triggers` have it: all others run as `vault`. */
const own: Readonly<Record<string, AccountName>> = { oauth: 'page', rotateKeys: 'keys' };

/** Which account each deployed function runs as (Cloud Functions v2). */
export function functionsNeed(site: Site): Need {
  const { api, projectId } = site;
  return {
    title: 'Accounts of the deployed functions',
    isInSandbox: false,
    async find() {
      const path = `projects/${projectId}/locations/-/functions`;
      const found: Json[] = [];
      let token = '';
      do {
        const query = token && `?pageToken=${encodeURIComponent(token)}`;
        const page = (await ifThere(api('cloudfunctions', 'GET', `${path}${query}`))) ?? {};
        found.push(...listOf(page, 'functions'));
        token = textOf(page, 'nextPageToken');
      } while (token !== '');
      return found.filter(isOurs).flatMap((deployed) => judge(site, deployed));
    },
  };
}

function isOurs({ labels }: Json): boolean {
  return isRecord(labels) && labels['firebase-functions-codebase'] === codebase;
}

function judge(site: Site, deployed: Json): Difference[] {
  const name = textOf(deployed, 'name').split('/').at(-1) ?? '';
  const config = deployed['serviceConfig'];
  const email = isRecord(config) ? textOf(config, 'serviceAccountEmail') : '';
  const account = Object.hasOwn(own, name) ? own[name] : undefined;
  const expected = emailOf(site, account ?? 'vault');
  if (email === expected || email === '') return [];
  return [
    {
      what: `${name} runs as ${email}, not as ${expected}`,
      mend: `npx firebase deploy --only functions:${codebase} --project ${site.projectId}`,
    },
  ];
}
