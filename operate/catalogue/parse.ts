import { type Command, parseArguments } from '../command.ts';
import { UsageError } from '../environment.ts';
import type { Terminal } from '../terminal.ts';
import { readEntries } from './files.ts';
import { lineOf, lint } from './lint.ts';

const usage = `Usage:
  npm run catalogue -- lint [--quiet] [--max-age-days <days>]
  npm run catalogue -- import
  npm run catalogue -- --help
lint          what is wrong, as far as it can be told without asking anybody
              --quiet: errors only; --max-age-days: when facts are to be read again (365)
import        writes imported/ anew, from other projects' data`;

const flag = { type: 'boolean', default: false } as const;
const options = {
  help: flag,
  quiet: flag,
  'max-age-days': { type: 'string', default: '365' },
} as const;

interface Arguments {
  readonly ids: readonly string[];
  readonly isQuiet: boolean;
  readonly maxAgeDays: number;
  readonly terminal: Terminal;
}

interface Subcommand {
  readonly takes: readonly string[];
  readonly carryOut: (given: Arguments) => Promise<number> | number;
}

/** Each reads the modules that it needs, and no more: `lint` is a part of every build. */
const subcommands: Readonly<Record<string, Subcommand>> = {
  lint: { takes: ['quiet', 'max-age-days'], carryOut: check },
  import: {
    takes: [],
    carryOut: async ({ terminal }) => {
      const { importEntries } = await import('./import.ts');
      const { all, changed } = importEntries();
      terminal.say(`${all} imported entries, ${changed} of them changed.`);
      return 0;
    },
  },
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
  return subcommand.carryOut({
    ids,
    isQuiet: values.quiet,
    maxAgeDays: Number(values['max-age-days']),
    terminal,
  });
};

function check({ isQuiet, maxAgeDays, terminal }: Arguments): number {
  const files = readEntries();
  const today = new Date().toISOString().slice(0, 10);
  const findings = lint(files, { today, maxAgeDays });
  for (const finding of findings) {
    if (!isQuiet || !finding.isWarning) terminal.say(lineOf(finding));
  }
  const errors = findings.filter(({ isWarning }) => !isWarning).length;
  const told = `${files.length} entries: ${errors} errors, ${findings.length - errors} warnings.\n`;
  if (!isQuiet) terminal.note(told);
  return errors === 0 ? 0 : 1;
}
