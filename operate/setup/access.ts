import { accountNames } from './accounts.ts';
import { type AccountName, type Difference, emailOf, type Need, type Site } from './needs.ts';
import { type Binding, bindingsOf, grant, has, type Resource } from './policy.ts';

type Roles = Readonly<Record<AccountName, readonly string[]>>;

const nothing: Roles = { page: [], vault: [], keys: [] };

/** What each account may do in the whole project. */
const projectRoles: Roles = {
  page: ['roles/datastore.viewer'],
  vault: ['roles/datastore.user', 'roles/cloudtasks.enqueuer', 'roles/firebaseauth.viewer'],
  keys: ['roles/datastore.user', 'roles/cloudtasks.enqueuer'],
};
/** What it may have besides: the vault publishes events where the settings name a channel. */
const allowedRoles: Roles = { ...nothing, vault: ['roles/eventarc.publisher'] };

/** The keys: read by the vault, which also lists them; made and ended by an account that reads none. */
const keyringRoles: Roles = {
  ...nothing,
  vault: ['roles/secretmanager.secretAccessor', 'roles/secretmanager.viewer'],
  keys: ['roles/secretmanager.secretVersionManager'],
};
/** The settings also say when a key is old enough. */
const providersRoles: Roles = {
  ...nothing,
  vault: ['roles/secretmanager.secretAccessor'],
  keys: ['roles/secretmanager.secretAccessor'],
};

/** Who makes a task names the account that it runs as, itself, and must be let to. */
const actingRoles: Roles = {
  ...nothing,
  vault: ['roles/iam.serviceAccountUser'],
  keys: ['roles/iam.serviceAccountUser'],
};

/** Roles by which payloads of secrets can be read, or that can be taken by oneself. */
const readingRoles = ['roles/secretmanager.secretAccessor', 'roles/secretmanager.admin'];

/** What the accounts may do in the project (Resource Manager v1). */
export function projectAccessNeed(site: Site): Need {
  const resource = { service: 'cloudresourcemanager', name: `projects/${site.projectId}` } as const;
  return {
    title: 'Roles in the project',
    isInSandbox: false,
    async find() {
      const bindings = await bindingsOf(site.api, resource);
      const superfluous = bindings.flatMap(({ role, members }) =>
        members
          .filter((member) => !mayHave(site, role, member))
          .map((member) => ({
            what: `${member} has ${role}${readingRoles.includes(role) ? ': it reads every secret' : ''}`,
            mend: `gcloud projects remove-iam-policy-binding ${site.projectId} --member ${member} --role ${role} --all`,
          })),
      );
      return [...missing(site, resource, bindings, projectRoles), ...superfluous];
    },
  };
}

/** Ours may have what they need; nobody may read all secrets. */
function mayHave(site: Site, role: string, member: string): boolean {
  const account = accountNames.find((name) => member === memberOf(site, name));
  if (account === undefined) return !readingRoles.includes(role);
  return projectRoles[account].includes(role) || allowedRoles[account].includes(role);
}

/** Who may do what with both secrets (Secret Manager v1). */
export function secretAccessNeed(site: Site, which: 'keyring' | 'providers'): Need {
  const secretId = site.names[which];
  const roles = which === 'keyring' ? keyringRoles : providersRoles;
  const name = `projects/${site.projectId}/secrets/${secretId}`;
  const resource = { service: 'secretmanager', name } as const;
  return {
    title: `Access to ${secretId}`,
    isInSandbox: false,
    async find() {
      const bindings = await bindingsOf(site.api, resource);
      const expected = (role: string, member: string) =>
        accountNames.some(
          (account) => member === memberOf(site, account) && roles[account].includes(role),
        );
      const isOurs = (member: string) =>
        accountNames.some((account) => member === memberOf(site, account));
      const superfluous = bindings.flatMap(({ role, members }) =>
        members
          .filter((member) => isOurs(member) || readingRoles.includes(role))
          .filter((member) => !expected(role, member))
          .map((member) => ({
            what: `${member} has ${role} on ${secretId}`,
            mend: `gcloud secrets remove-iam-policy-binding ${secretId} --project ${site.projectId} --member ${member} --role ${role} --all`,
          })),
      );
      return [...missing(site, resource, bindings, roles), ...superfluous];
    },
  };
}

/** Accounts that make tasks, as themselves. */
export function actingNeed(site: Site): Need {
  return {
    title: 'Tasks as oneself',
    isInSandbox: false,
    async find() {
      const accounts = accountNames.filter((account) => actingRoles[account].length > 0);
      const found = accounts.map(async (account) => {
        const name = `projects/${site.projectId}/serviceAccounts/${emailOf(site, account)}`;
        const resource = { service: 'iam', name } as const;
        const bindings = await bindingsOf(site.api, resource);
        const own = { ...nothing, [account]: actingRoles[account] };
        return missing(site, resource, bindings, own);
      });
      return (await Promise.all(found)).flat();
    },
  };
}

function missing(
  site: Site,
  resource: Resource,
  bindings: readonly Binding[],
  roles: Roles,
): Difference[] {
  return accountNames.flatMap((account) =>
    roles[account]
      .filter((role) => !has(bindings, role, memberOf(site, account)))
      .map((role) => ({
        what: `${emailOf(site, account)} lacks ${role} on ${resource.name}`,
        change: {
          says: `give ${emailOf(site, account)} ${role} on ${resource.name}`,
          apply: () => grant(site.api, resource, role, memberOf(site, account), site.pauseMs),
        },
      })),
  );
}

function memberOf(site: Site, account: AccountName): string {
  return `serviceAccount:${emailOf(site, account)}`;
}
