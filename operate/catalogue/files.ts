import { readdirSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
/** Where the entries are; those of other projects in `imported/`. */
export const catalogueFolder = new URL('functions/src/providers/catalogue/', root);

/** Where an entry says that its JSON Schema is. */
export function schemaOf(isImported: boolean): string {
  return `${isImported ? '../' : ''}../../../../docs/api/catalogue-entry.schema.json`;
}

/** A file of the catalogue, as it is. */
export interface EntryFile {
  readonly id: string;
  /** From the repository's root, for people. */
  readonly path: string;
  readonly isImported: boolean;
  /** Undefined: it is not JSON. */
  readonly value: unknown;
}

/** All entries: ours, then those that were imported, each by their ids. */
export function readEntries(folder: URL = catalogueFolder): EntryFile[] {
  return [...filesIn(folder, false), ...filesIn(new URL('imported/', folder), true)];
}

function filesIn(folder: URL, isImported: boolean): EntryFile[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const file = new URL(name, folder);
      return {
        id: basename(name, '.json'),
        path: relative(fileURLToPath(root), fileURLToPath(file)),
        isImported,
        value: parsed(readFileSync(file, 'utf8')),
      };
    });
}

function namesIn(folder: URL): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return [];
    throw error;
  }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
