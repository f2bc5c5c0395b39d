import { StrongroomError } from '../../functions/src/errors.ts';
import { registrationOf } from '../../functions/src/oauth/registration.ts';
import type { Environment } from '../../functions/src/platform/environment.ts';
import { expand } from '../../functions/src/providers/expand.ts';
import { readEntry } from '../../functions/src/providers/read-entry.ts';
import type { Provider, Settings } from '../../functions/src/providers/settings-schema.ts';
import { isRecord } from '../../sandbox/http/body.ts';
import { CommandError } from '../command.ts';
import { UsageError } from '../environment.ts';
import { table } from '../table.ts';
import { confirm, readSecret, type Terminal } from '../terminal.ts';
import { changesBetween, redacted } from './changes.ts';
import { checkProviders } from './check.ts';
import type { Newest, SettingsDocument, WrittenSettings } from './document.ts';
import { registeringOf } from './register.ts';

/** What the commands work with. */
export interface Context {
  readonly document: SettingsDocument;
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** Whether the person agreed beforehand. */
  readonly isAgreed: boolean;
}

type Entry = Readonly<Record<string, unknown>>;

/** Prints the providers without their secrets. */
export async function list({ document, terminal }: Context, isJson: boolean): Promise<number> {
  const { version, written } = await document.newest();
  if (isJson) {
    terminal.say(JSON.stringify({ version, ...Object(redacted(written)) }, null, 2));
    return 0;
  }
  const rows = Object.entries(written.providers).map(([id, value]) => {
    const expanded = expand(value, readEntry);
    // One that is wrong is shown as it is written; `check` says what is wrong.
    const shown = 'entry' in expanded ? expanded.entry : value;
    const entry = isRecord(shown) ? shown : {};
    const text = (field: string) => (typeof entry[field] === 'string' ? String(entry[field]) : '');
    const where = text('issuer') || text('tokenEndpoint');
    return [
      id,
      text('kind'),
      text('name'),
      where,
      text('clientId'),
      String(secretsOf(entry).length),
    ];
  });
  const head = ['id', 'kind', 'name', 'issuer or token endpoint', 'client id', 'secrets'];
  terminal.note(`Version ${version}\n`);
  terminal.say(rows.length === 0 ? 'None.' : table(head, rows));
  return 0;
}

/** Judges the newest version, and asks what it names whether it is there. */
export async function check({ document, environment, terminal }: Context): Promise<number> {
  const version = await document.versionNow();
  if (version === 0) {
    throw new CommandError('There are no settings yet. Add a provider: npm run providers -- add');
  }
  const settings = document.parse(await document.bytes(version));
  terminal.note(`Version ${version} is valid.\n`);
  const findings = await checkProviders(settings, environment.mode === 'sandbox');
  const rows = findings.map(({ provider, what, problem }) => [provider, what, problem ?? 'ok']);
  terminal.say(rows.length === 0 ? 'None.' : table(['provider', 'what', ''], rows));
  return findings.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

/** Adds a provider; its secret is asked for. With `replace`, one that is there keeps its own. */
export async function add(
  context: Context,
  id: string,
  entry: Entry,
  isReplacing: boolean,
): Promise<number> {
  const newest = await context.document.newest();
  const found = entryIn(newest.written, id);
  if (found !== undefined && !isReplacing) {
    throw new UsageError(`There is a provider ${id} already. Say --replace to write it anew.`);
  }
  if (found === undefined && isReplacing) throw unknown(id);
  const withEntry = (clientSecrets: readonly unknown[]) =>
    withProvider(newest.written, id, {
      ...entry,
      ...(clientSecrets.length > 0 && { clientSecrets }),
    });
  // Nobody should type a secret for an entry that is refused anyway.
  const settings = judge(context, withEntry([]), `providers.${id}`);
  const provider = providerOf(settings, id);
  for (const line of registeringOf(settings, provider, entry['catalogue'])) {
    context.terminal.note(`${line}\n`);
  }
  const secrets = !takesSecret(provider)
    ? []
    : found === undefined
      ? [await readSecret(context.terminal, `Client secret of ${id}`)]
      : secretsOf(found);
  return publish(context, newest, withEntry(secrets));
}

/** Whether the app proves who it is by a secret there. */
function takesSecret(provider: Provider): boolean {
  const { clientId, method } = registrationOf(provider);
  return clientId !== undefined && method.startsWith('client_secret');
}

/** Its connections stay where they are, unused, until it is added again. */
export async function remove(context: Context, id: string): Promise<number> {
  const newest = await context.document.newest();
  if (entryIn(newest.written, id) === undefined) throw unknown(id);
  const { [id]: _, ...providers } = newest.written.providers;
  return publish(context, newest, { ...newest.written, providers });
}

/** The new secret first, the old one second; `finish` drops the old one. */
export async function rotateSecret(
  context: Context,
  id: string,
  isFinishing: boolean,
): Promise<number> {
  const newest = await context.document.newest();
  const entry = entryIn(newest.written, id);
  if (entry === undefined) throw unknown(id);
  const [first, second] = secretsOf(entry);
  const write = (clientSecrets: readonly unknown[]) =>
    publish(context, newest, withProvider(newest.written, id, { ...entry, clientSecrets }));
  if (isFinishing) {
    if (second === undefined) throw new CommandError(`${id} has one secret: nothing to finish.`);
    return write([first]);
  }
  if (!takesSecret(providerOf(settingsOf(context, newest.written), id))) {
    throw new CommandError(
      `${id} is a public client, or proves who it is otherwise: it has no secret.`,
    );
  }
  if (second !== undefined) {
    throw new CommandError(
      `${id} has two secrets: end the first replacement with rotate-secret ${id} --finish.`,
    );
  }
  const secret = await readSecret(context.terminal, `New client secret of ${id}`);
  if (secret === first) throw new CommandError('That is the secret in force. Nothing was changed.');
  const code = await write([secret, ...(first === undefined ? [] : [first])]);
  if (code === 0 && first !== undefined) {
    context.terminal.note(
      `Both are valid now: the old one is tried where ${id} refuses the new one. Once the new one ` +
        `works, and five minutes have passed: npm run providers -- rotate-secret ${id} --finish\n`,
    );
  }
  return code;
}

/** Where the app is: what every authorization needs besides a provider. */
export async function setApp(context: Context, app: Entry): Promise<number> {
  const newest = await context.document.newest();
  const before = isRecord(newest.written.app) ? newest.written.app : {};
  const next = { ...newest.written, app: { ...before, ...app } };
  judge(context, next, 'app');
  return publish(context, newest, next);
}

/** @throws UsageError where what was given is wrong; StrongroomError where something else is. */
function judge(context: Context, next: WrittenSettings, given: string): Settings {
  try {
    return settingsOf(context, next);
  } catch (error) {
    const field = error instanceof StrongroomError ? (error.details.field ?? '') : '';
    const isGiven = field === given || field.startsWith(`${given}.`);
    throw isGiven && error instanceof Error ? new UsageError(error.message) : error;
  }
}

/** Shows what changes, asks, and adds the version. */
async function publish(context: Context, newest: Newest, next: WrittenSettings): Promise<number> {
  const { document, terminal, isAgreed } = context;
  document.validated(next);
  const before = newest.version === 0 ? {} : newest.written;
  const changes = changesBetween(before, next);
  if (changes.length === 0) {
    terminal.note('Nothing to change.\n');
    return 0;
  }
  for (const change of changes) terminal.say(change);
  const question = `Add this as version ${newest.version + 1}?`;
  if (!isAgreed && !(await confirm(terminal, question))) {
    terminal.note('Nothing was changed.\n');
    return 1;
  }
  const added = await document.add(newest.version, next);
  terminal.note(`Version ${added} is in force within five minutes.\n`);
  return 0;
}

/** As the suite will read it. @throws StrongroomError `settings_invalid`. */
function settingsOf({ document }: Context, written: WrittenSettings): Settings {
  return document.parse(document.validated(written));
}

function providerOf({ providers }: Settings, id: string): Provider {
  const provider = providers[id];
  if (provider === undefined) throw unknown(id);
  return { ...provider, id };
}

function withProvider(written: WrittenSettings, id: string, entry: Entry): WrittenSettings {
  return { ...written, providers: { ...written.providers, [id]: entry } };
}

function entryIn({ providers }: WrittenSettings, id: string): Entry | undefined {
  const entry = Object.hasOwn(providers, id) ? providers[id] : undefined;
  return entry === undefined || isRecord(entry) ? entry : {};
}

function secretsOf(entry: Entry): readonly unknown[] {
  const { clientSecrets } = entry;
  return Array.isArray(clientSecrets) ? clientSecrets : [];
}

function unknown(id: string): UsageError {
  return new UsageError(`There is no provider ${id}. npm run providers -- list names them.`);
}
