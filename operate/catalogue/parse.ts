import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, parseArguments } from '../command.ts';
import { UsageError } from '../environment.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { type EntryFile, readEntries } from './files.ts';
import { lineOf, lint } from './lint.ts';

const usage = `Usage:
  npm run catalogue -- lint [--quiet] [--max-age-days <days>]
  npm run catalogue -- new <id> [--kind oauth2|oidc|api-key|basic]
  npm run catalogue -- simulate [<id> …]
  npm run catalogue -- docs
  npm run catalogue -- schema
  npm run catalogue -- import
  npm run catalogue -- verify --online [<id> …] [--json]
lint      what is wrong, as far as it can be told without asking anybody; --quiet: errors only;
          --max-age-days: after how many days facts are to be read again (365)
new       a file to fill in
simulate  takes entries through every step of the table in docs/providers.md; default: all
docs      writes docs/providers.md
schema    writes the JSON Schema of an entry, for editors
import    writes imported/ anew, from other projects' data
verify    asks discovery documents and addresses whether they are as written; changes nothing`;

const flag = { type: 'boolean', default: false } as const;
const options = {
  help: flag,
  quiet: flag,
  'max-age-days': { type: 'string' },
  kind: { type: 'string' },
  online: flag,
  json: flag,
} as const;

interface Arguments {
  readonly ids: readonly string[];
  readonly values: {
    readonly quiet: boolean;
    readonly 'max-age-days'?: string | undefined;
    readonly kind?: string | undefined;
    readonly online: boolean;
    readonly json: boolean;
  };
  readonly terminal: Terminal;
}

interface Subcommand {
  readonly takes: readonly string[];
  /** How many ids. */
  readonly ids: 'none' | 'one' | 'any';
  readonly carryOut: (given: Arguments) => Promise<number> | number;
}

/** Each loads what it needs, and no more: `lint` is a part of every build. */
const subcommands: Readonly<Record<string, Subcommand>> = {
  lint: { takes: ['quiet', 'max-age-days'], ids: 'none', carryOut: check },
  new: { takes: ['kind'], ids: 'one', carryOut: begin },
  schema: { takes: [], ids: 'none', carryOut: describe },
  import: { takes: [], ids: 'none', carryOut: bring },
  simulate: { takes: [], ids: 'any', carryOut: simulate },
  docs: { takes: [], ids: 'none', carryOut: document },
  verify: { takes: ['online', 'json'], ids: 'any', carryOut: verify },
};

/** Tends the catalogue of providers. */
export const catalogue: Command = async (args, terminal) => {
  const { values, positionals } = parseArguments(args, options, usage);
  const [name = '', ...ids] = positionals;
  if (values.help) {
    terminal.say(usage);
    return 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) throw new UsageError(usage);
  const foreign = Object.entries(values)
    .filter(([, value]) => value !== false)
    .find(([option]) => !subcommand.takes.includes(option));
  if (foreign !== undefined) throw new UsageError(`${name} takes no --${foreign[0]}.\n${usage}`);
  const isCounted = subcommand.ids === 'any' || ids.length === (subcommand.ids === 'one' ? 1 : 0);
  if (!isCounted) throw new UsageError(`${name} takes ${subcommand.ids} id.\n${usage}`);
  return subcommand.carryOut({ ids, values, terminal });
};

function check({ values, terminal }: Arguments): number {
  const maxAgeDays = Number(values['max-age-days'] ?? 365);
  if (!(maxAgeDays > 0)) throw new UsageError('--max-age-days is a number of days.');
  const files = readEntries();
  const findings = lint(files, { today: today(), maxAgeDays });
  for (const finding of findings) {
    if (!values.quiet || !finding.isWarning) terminal.say(lineOf(finding));
  }
  const errors = findings.filter(({ isWarning }) => !isWarning).length;
  if (!values.quiet) {
    const warnings = findings.length - errors;
    terminal.note(`${files.length} entries: ${errors} errors, ${warnings} warnings.\n`);
  }
  return errors === 0 ? 0 : 1;
}

async function begin({ ids: [id = ''], values, terminal }: Arguments): Promise<number> {
  const { writeTemplate } = await import('./new.ts');
  const isImported = readEntries().some((file) => file.isImported && file.id === id);
  const file = writeTemplate(id, values.kind ?? 'oauth2', today());
  terminal.say(`${relative(process.cwd(), fileURLToPath(file))}

1. Fill it in: every place with <…> or on provider.invalid (docs/catalogue.md).${
    isImported ? '\n   What was imported of it goes: npm run catalogue -- import' : ''
  }
2. npm run catalogue -- lint
3. npm run catalogue -- simulate ${id}
   Once every step is done, its status is "verified by simulator".
4. npm run catalogue -- docs`);
  return 0;
}

async function describe({ terminal }: Arguments): Promise<number> {
  const { writeSchema } = await import('./schema.ts');
  writeSchema();
  terminal.say('docs/api/catalogue-entry.schema.json');
  return 0;
}

async function bring({ terminal }: Arguments): Promise<number> {
  const { importEntries } = await import('./import.ts');
  const { all, changed } = importEntries();
  terminal.say(`${all} imported entries, ${changed} of them changed.`);
  return 0;
}

async function simulate({ ids, terminal }: Arguments): Promise<number> {
  const { simulateEntries } = await import('./simulate.ts');
  return simulateEntries(ids, terminal);
}

async function document({ terminal }: Arguments): Promise<number> {
  const { writeProvidersPage } = await import('./docs.ts');
  writeProvidersPage();
  terminal.say('docs/providers.md');
  return 0;
}

async function verify({ ids, values, terminal }: Arguments): Promise<number> {
  if (!values.online) {
    throw new UsageError(
      'verify asks the providers themselves: say --online. Offline there is lint.',
    );
  }
  const files = named(ids);
  const { verifyOnline } = await import('./verify.ts');
  const { createEgress } = await import('../../functions/src/egress/egress.ts');
  const egress = createEgress({ allowLoopback: false });
  const found = await verifyOnline(files, { egress, concurrency: 16, timeoutMs: 15_000 });
  const wrong = found.filter(({ problem }) => problem !== undefined);
  if (values.json) terminal.say(JSON.stringify(found, null, 2));
  else if (wrong.length > 0) {
    const rows = wrong.map(({ id, what, url, problem = '' }) => [id, what, problem, url]);
    terminal.say(table(['entry', 'what', 'problem', 'asked'], rows));
  }
  terminal.note(
    `${files.length} entries: ${found.length} things asked, ${wrong.length} not as written.\n`,
  );
  return wrong.length === 0 ? 0 : 1;
}

/** @throws UsageError for an id that no entry has. */
function named(ids: readonly string[]): EntryFile[] {
  const files = readEntries();
  const unknown = ids.find((id) => !files.some((file) => file.id === id));
  if (unknown !== undefined) throw new UsageError(`There is no entry ${unknown}.`);
  return ids.length === 0 ? files : files.filter(({ id }) => ids.includes(id));
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
