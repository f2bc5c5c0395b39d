import { ifThere, listOf, textOf } from '../google-api.ts';
import { type AccountName, type Difference, emailOf, type Need, type Site } from './needs.ts';

/** Which functions each account runs. */
const accountPurposes: Readonly<Record<AccountName, string>> = {
  page: 'Strongroom: the callback page (oauth). Reads no secret',
  vault: 'Strongroom: callables, api, tasks and schedules. Opens token sets',
  keys: 'Strongroom: rotateKeys. Adds and ends keys, reads none',
};
export const accountNames = ['page', 'vault', 'keys'] as const satisfies readonly AccountName[];

/** The service accounts that the functions run as (IAM v1). */
export function accountsNeed(site: Site): Need {
  const { api, projectId, names } = site;
  const parent = `projects/${projectId}/serviceAccounts`;

  const look = async (account: AccountName): Promise<Difference[]> => {
    const email = emailOf(site, account);
    const found = await ifThere(api('iam', 'GET', `${parent}/${email}`));
    if (found === undefined) {
      const serviceAccount = { displayName: accountPurposes[account] };
      const body = { accountId: names.accounts[account], serviceAccount };
      return [
        {
          what: `${email} is missing`,
          change: {
            says: `create the service account ${email}`,
            apply: async () => void (await api('iam', 'POST', parent, body)),
          },
        },
      ];
    }
    const keys = await api('iam', 'GET', `${parent}/${email}/keys?keyTypes=USER_MANAGED`);
    return [
      ...(found['disabled'] === true
        ? [
            {
              what: `${email} is disabled`,
              mend: `gcloud iam service-accounts enable ${email} --project ${projectId}`,
            },
          ]
        : []),
      ...listOf(keys, 'keys').map((key) => {
        const id = textOf(key, 'name').split('/').at(-1);
        return {
          what: `${email} has a key (${id}) that works from outside the project`,
          mend: `gcloud iam service-accounts keys delete ${id} --iam-account ${email} --project ${projectId}`,
        };
      }),
    ];
  };

  return {
    title: 'Service accounts',
    isInSandbox: false,
    find: async () => (await Promise.all(accountNames.map(look))).flat(),
  };
}
