import { ifThere, listOf, textOf } from '../google-api.ts';
import type { Need, Site } from './needs.ts';
import { finish } from './operation.ts';

/** What setup and the deployed functions speak to; `firebase deploy` enables what it needs itself. */
const services = [
  'cloudresourcemanager',
  'iam',
  'secretmanager',
  'firestore',
  'identitytoolkit',
  'cloudfunctions',
  'run',
  'cloudtasks',
  'cloudscheduler',
  'cloudbuild',
  'artifactregistry',
].map((label) => `${label}.googleapis.com`);

/** The project's APIs (Service Usage v1: `services:batchGet`, `services:batchEnable`). */
export function servicesNeed({ api, projectId, pauseMs }: Site): Need {
  const parent = `projects/${projectId}/services`;
  return {
    title: 'APIs',
    isInSandbox: false,
    async find() {
      const names = services.map((name) => `names=${parent}/${name}`).join('&');
      const answer = await ifThere(api('serviceusage', 'GET', `${parent}:batchGet?${names}`));
      const enabled = listOf(answer ?? {}, 'services')
        .filter(({ state }) => state === 'ENABLED')
        .map((service) => textOf(service, 'name').split('/').at(-1));
      const serviceIds = services.filter((name) => !enabled.includes(name));
      if (serviceIds.length === 0) return [];
      return [
        {
          what: `not enabled: ${serviceIds.join(', ')}`,
          change: {
            says: `enable ${serviceIds.join(', ')}`,
            apply: async () => {
              const begun = await api('serviceusage', 'POST', `${parent}:batchEnable`, {
                serviceIds,
              });
              await finish(api, 'serviceusage', begun, pauseMs);
            },
          },
        },
      ];
    },
  };
}
