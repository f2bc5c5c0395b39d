import { type Command, parseArguments } from '../command.ts';
import { findEnvironment, UsageError } from '../environment.ts';
import { googleApiOf } from '../google-api.ts';
import { createSecrets } from '../secrets.ts';
import { add, type Context, check, list, remove, rotateSecret, setApp } from './commands.ts';
import { createSettingsDocument } from './document.ts';
import { entryOf, entryOptions } from './entry.ts';

const usage = `Usage:
  npm run providers -- list [--json]
  npm run providers -- check
  npm run providers -- add <id> --catalogue <entry> --client-id <id>
                           [--variable <name>=<value> …] [--scope <scope> …] [--yes]
  npm run providers -- add <id> --from <file.json> [--replace] [--yes]
  npm run providers -- add <id> --kind oidc --issuer <url> --client-id <id>
                           [--api-base-url <url>] [--scope <scope> …] [--yes]
  npm run providers -- remove <id> [--yes]
  npm run providers -- rotate-secret <id> [--finish] [--yes]
  npm run providers -- app [--redirect-uri <url>] [--return-to <url> …] [--yes]
Client secrets are asked for, or read from stdin. Of the running sandbox, or of the project in
GCLOUD_PROJECT or --project.`;

const flag = { type: 'boolean', default: false } as const;
const options = {
  ...entryOptions,
  project: { type: 'string' },
  json: flag,
  yes: flag,
  replace: flag,
  finish: flag,
  'redirect-uri': { type: 'string' },
  'return-to': { type: 'string', multiple: true },
} as const;

type Name = 'list' | 'check' | 'add' | 'remove' | 'rotate-secret' | 'app';
/** Which options each command takes besides --project. */
const takes: Readonly<Record<Name, readonly string[]>> = {
  list: ['json'],
  check: [],
  add: [...Object.keys(entryOptions), 'replace', 'yes'],
  remove: ['yes'],
  'rotate-secret': ['finish', 'yes'],
  app: ['redirect-uri', 'return-to', 'yes'],
};
const named: readonly string[] = ['add', 'remove', 'rotate-secret'];

/** Manages the providers' settings. */
export const providers: Command = (args, terminal) => manageProviders(args, terminal);

/** @param find where the project is; tests have one of their own. */
export async function manageProviders(
  args: string[],
  terminal: Context['terminal'],
  find = findEnvironment,
): Promise<number> {
  const { values, command, id } = parse(args);
  const environment = find(values.project);
  const secrets = createSecrets(googleApiOf(environment), environment.projectId);
  const secretId = process.env['STRONGROOM_PROVIDERS_SECRET'] || 'strongroom-providers';
  terminal.note(`Project ${environment.projectId}\n`);
  const context = {
    document: createSettingsDocument({ secrets, secretId, environment }),
    environment,
    terminal,
    isAgreed: values.yes,
  };
  const { 'redirect-uri': redirectUri, 'return-to': returnTo } = values;
  const commands: Readonly<Record<Name, () => Promise<number>>> = {
    list: () => list(context, values.json),
    check: () => check(context),
    add: () => add(context, id, entryOf(values), values.replace),
    remove: () => remove(context, id),
    'rotate-secret': () => rotateSecret(context, id, values.finish),
    app: () =>
      setApp(context, { ...(redirectUri && { redirectUri }), ...(returnTo && { returnTo }) }),
  };
  return commands[command]();
}

/** @throws UsageError, which repeats no value: it may be a secret. */
function parse(args: string[]) {
  const { values, positionals } = parseArguments(args, options, usage);
  const [command = '', id = '', ...more] = positionals;
  if (!isName(command)) throw new UsageError(usage);
  const foreign = Object.entries(values)
    .filter(([name, value]) => value !== false && name !== 'project')
    .find(([name]) => !takes[command].includes(name));
  if (foreign !== undefined) throw new UsageError(`${command} takes no --${foreign[0]}.\n${usage}`);
  const isNamed = named.includes(command);
  if (more.length > 0 || (id !== '' && !isNamed)) {
    throw new UsageError(
      `${command} takes ${isNamed ? 'one id' : 'no id'} and nothing more. A client secret is never ` +
        'an argument: it is asked for, or read from stdin. If there was one, replace it.',
    );
  }
  if (isNamed && !/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) {
    throw new UsageError(
      `${command} needs the id of a provider: lower-case letters, digits, hyphens.`,
    );
  }
  if (command === 'app' && !values['redirect-uri'] && !values['return-to']) {
    throw new UsageError('app needs --redirect-uri or --return-to.');
  }
  return { values, command, id };
}

function isName(command: string): command is Name {
  return Object.hasOwn(takes, command);
}
