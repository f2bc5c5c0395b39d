import type { Environment } from '../../functions/src/platform/environment.ts';
import { parseArguments } from '../command.ts';
import { findEnvironment, UsageError } from '../environment.ts';
import { type GoogleApi, googleApiOf } from '../google-api.ts';
import { createSecrets } from '../secrets.ts';
import type { Terminal } from '../terminal.ts';
import type { Site } from './needs.ts';
import { examine, setUp } from './run.ts';

const setupUsage = `Usage:
  npm run setup -- [--project <id>]            says what the project lacks
  npm run setup -- [--project <id>] --apply [--yes] [--location <location>] [--site <origin>]
Of the running sandbox, or of the project in GCLOUD_PROJECT or --project.`;
const doctorUsage = `Usage:
  npm run doctor -- [--project <id>]
Of the running sandbox, or of the project in GCLOUD_PROJECT or --project.`;

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const pauseMs = 2_000;

/** Where the project is; tests have one of their own. */
export interface Finder {
  find(projectId: string | undefined): Environment;
  api(environment: Environment): GoogleApi;
  readonly pauseMs: number;
}
const real: Finder = { find: findEnvironment, api: googleApiOf, pauseMs };

export async function setup(args: string[], terminal: Terminal, finder = real): Promise<number> {
  const options = { project: text, location: text, site: text, apply: flag, yes: flag } as const;
  const { values, positionals } = parseArguments(args, options, setupUsage);
  if (positionals.length > 0) throw new UsageError(setupUsage);
  const { project, location, site: origin, apply, yes } = values;
  if (location !== undefined && !/^[a-z][a-z\d-]{2,40}$/.test(location)) {
    throw new UsageError('--location needs a location of Firestore: eur3, nam5, europe-west3 …');
  }
  if (origin !== undefined && !/^https:\/\/[^/?#@\s]+\/?$/.test(origin)) {
    throw new UsageError('--site needs the origin of the pages: https://app.example.com');
  }
  if (yes && !apply) throw new UsageError('--yes is for --apply.');
  const site = { ...siteOf(project, finder), location, origin };
  terminal.note(`Project ${site.projectId}\n`);
  return setUp(site, { isApplying: apply, isAgreed: yes }, terminal);
}

export async function doctor(args: string[], terminal: Terminal, finder = real): Promise<number> {
  const { values, positionals } = parseArguments(args, { project: text }, doctorUsage);
  if (positionals.length > 0) throw new UsageError(doctorUsage);
  const site = siteOf(values.project, finder);
  terminal.note(`Project ${site.projectId}\n`);
  return examine(site, terminal);
}

/** Named by the same variables as in the functions. */
function siteOf(named: string | undefined, finder: Finder): Site {
  const environment = finder.find(named);
  const { projectId, mode } = environment;
  const api = finder.api(environment);
  const name = (variable: string, usual: string) => process.env[variable] || usual;
  return {
    projectId,
    isSandbox: mode === 'sandbox',
    api,
    secrets: createSecrets(api, projectId),
    names: {
      keyring: name('STRONGROOM_KEYRING_SECRET', 'strongroom-keyring'),
      providers: name('STRONGROOM_PROVIDERS_SECRET', 'strongroom-providers'),
      database: name('STRONGROOM_DATABASE', '(default)'),
      accounts: {
        page: name('STRONGROOM_PAGE_ACCOUNT', 'strongroom-page'),
        vault: name('STRONGROOM_VAULT_ACCOUNT', 'strongroom-vault'),
        keys: name('STRONGROOM_KEYS_ACCOUNT', 'strongroom-keys'),
      },
    },
    pauseMs: finder.pauseMs,
  };
}
