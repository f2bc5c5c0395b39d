import type { Epoch } from '../../functions/src/import/line.ts';
import {
  type DocumentMapping,
  type Mappable,
  mappable,
  type NangoMapping,
} from '../../functions/src/import/mapping.ts';
import { parseArguments } from '../command.ts';
import { UsageError } from '../environment.ts';

const usage = `Usage:
  npm run import -- --from <file|-> [--epoch seconds|milliseconds]
  npm run import -- --from <file|-> --format nango [--provider-map <integration>=<provider> …]
                    [--uid-from end_user.id]
  npm run import -- --format firestore --collection <path> --provider <id>
                    --map accessToken=<field> [--map <name>=<field> …] [--uid-from <field>]
                    [--database <id>] [--epoch …]
  each with [--dry-run] [--skip-refused] [--skip-user-check] [--project <id>]
Of the running sandbox, or of the project in GCLOUD_PROJECT or --project.`;

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean', default: false } as const;
const options = {
  from: text,
  format: { type: 'string', default: 'jsonl' },
  epoch: text,
  'provider-map': many,
  'uid-from': text,
  collection: text,
  database: text,
  provider: text,
  map: many,
  'dry-run': flag,
  'skip-refused': flag,
  'skip-user-check': flag,
  project: text,
} as const;

type Format = 'jsonl' | 'nango' | 'firestore';
const takes: Readonly<Record<Format, readonly string[]>> = {
  jsonl: ['from'],
  nango: ['from', 'provider-map', 'uid-from'],
  firestore: ['collection', 'database', 'provider', 'map', 'uid-from'],
};
const always = ['format', 'epoch', 'dry-run', 'skip-refused', 'skip-user-check', 'project'];

/** Where lines come from. */
export type From =
  | { readonly format: 'jsonl'; readonly file: string }
  | { readonly format: 'nango'; readonly file: string; readonly mapping: NangoMapping }
  | {
      readonly format: 'firestore';
      readonly collection: string;
      readonly databaseId: string;
      readonly mapping: DocumentMapping;
    };

export interface Asked {
  readonly from: From;
  readonly epoch: Epoch | undefined;
  readonly isDryRun: boolean;
  readonly skipsRefused: boolean;
  readonly checksUsers: boolean;
  readonly project: string | undefined;
}

/** @throws UsageError */
export function parse(args: string[]): Asked {
  const { values, positionals } = parseArguments(args, options, usage);
  const { format, epoch } = values;
  if (positionals.length > 0 || !isFormat(format)) throw new UsageError(usage);
  const foreign = Object.entries(values)
    .filter(([name, value]) => value !== false && !always.includes(name))
    .find(([name]) => !takes[format].includes(name));
  if (foreign) throw new UsageError(`--format ${format} takes no --${foreign[0]}.\n${usage}`);
  if (epoch !== undefined && epoch !== 'seconds' && epoch !== 'milliseconds') {
    throw new UsageError('--epoch is seconds or milliseconds.');
  }
  return {
    from: fromOf(format, values),
    epoch,
    isDryRun: values['dry-run'],
    skipsRefused: values['skip-refused'],
    checksUsers: !values['skip-user-check'],
    project: values.project,
  };
}

type Values = ReturnType<typeof parseArguments<typeof options>>['values'];

function fromOf(format: Format, values: Values): From {
  const uidFrom = values['uid-from'];
  if (format === 'firestore') {
    const { collection, database: databaseId = '(default)', provider, map = [] } = values;
    if (collection === undefined || collection.split('/').length % 2 === 0) {
      throw new UsageError('--collection needs the path of a collection: users');
    }
    const paths = new Map<Mappable, string>();
    for (const [field, path] of pairsOf('map', map)) {
      const name = mappable.find((one) => one === field);
      if (name === undefined) {
        throw new UsageError(`--map takes fields of a line: ${mappable.join(', ')}`);
      }
      paths.set(name, path);
    }
    if (!paths.has('accessToken') && !paths.has('refreshToken')) {
      throw new UsageError('--map accessToken=<field> or refreshToken=<field> is needed.');
    }
    if (provider === undefined && !paths.has('provider')) {
      throw new UsageError('--provider <id> or --map provider=<field> is needed.');
    }
    return { format, collection, databaseId, mapping: { paths, provider, uidFrom } };
  }
  const { from: file } = values;
  if (file === undefined) throw new UsageError(`--from is needed.\n${usage}`);
  if (format === 'jsonl') return { format, file };
  const providers = new Map(pairsOf('provider-map', values['provider-map'] ?? []));
  return { format, file, mapping: { providers, uidFrom: uidFrom ?? 'end_user.id' } };
}

function pairsOf(option: string, given: readonly string[]): [name: string, value: string][] {
  return given.map((pair) => {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new UsageError(`--${option} needs <name>=<value>.`);
  });
}

function isFormat(format: string): format is Format {
  return Object.hasOwn(takes, format);
}
