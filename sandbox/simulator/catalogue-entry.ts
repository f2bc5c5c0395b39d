import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, entrySchema } from '../../functions/src/providers/entry-schema.ts';
import { root } from '../launch/paths.ts';

const folder = join(root, 'functions/src/providers/catalogue');

/** The ids of all deep entries, sorted. */
export function entryIds(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/**
 * A deep entry of the catalogue with its samples.
 *
 * @throws Error where there is none, or it is not valid.
 */
export function readCatalogueEntry(id: string): Entry {
  const known = entryIds();
  if (!known.includes(id)) {
    throw new Error(`The catalogue has no entry ${id} with samples; docs/providers.md names them.`);
  }
  return parseEntry(id, JSON.parse(readFileSync(join(folder, `${id}.json`), 'utf8')));
}

/** @throws Error naming the field that is wrong. */
export function parseEntry(id: string, value: unknown): Entry {
  const result = entrySchema['~run']({ value }, {});
  if (result.typed && result.issues === undefined) return result.value;
  const [issue] = result.issues ?? [];
  const field = issue?.path?.map(({ key }) => String(key)).join('.') ?? '(file)';
  throw new Error(`The entry ${id} is not valid at ${field}: ${issue?.message}`);
}
