import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isRecord } from '../../sandbox/http/body.ts';
import { catalogueFolder, type EntryFile, readEntries } from './files.ts';
import { importedEntry } from './import/entry.ts';
import { type Facts, readFacts } from './import/facts.ts';
import { readGrant } from './import/grant.ts';
import { jsonOf } from './json.ts';
import { addressKey } from './lint/duplicates.ts';

/** A file of `imported/`: its name, and what it is to hold. */
export interface ImportedFile {
  readonly name: string;
  readonly content: string;
}

/**
 * What the other projects' data gives: one entry for each provider, none that is ours already by its
 * id, its name or its authorization endpoint. The first source that knows a provider is believed.
 */
export function importedFiles(own: readonly EntryFile[]): ImportedFile[] {
  const taken = new Set(own.flatMap(({ id, value }) => keysOf(id, value)));
  const files: ImportedFile[] = [];
  for (const facts of allFacts()) {
    const entry = importedEntry(facts);
    const keys = keysOf(facts.id, entry);
    if (keys.some((key) => taken.has(key))) continue;
    for (const key of keys) taken.add(key);
    files.push({ name: `${facts.id}.json`, content: jsonOf(entry) });
  }
  return files;
}

/** Writes them; what no source has any more is removed. @returns how many there are and changed. */
export function importEntries(folder: URL = catalogueFolder): { all: number; changed: number } {
  const imported = new URL('imported/', folder);
  mkdirSync(imported, { recursive: true });
  const before = readdirSync(imported).filter((name) => name.endsWith('.json'));
  const files = importedFiles(readEntries(folder).filter(({ isImported }) => !isImported));
  const names = new Set(files.map(({ name }) => name));
  const gone = before.filter((name) => !names.has(name));
  for (const name of gone) rmSync(new URL(name, imported));
  const changed = files.filter(({ name, content }) => {
    const file = new URL(name, imported);
    const isSame = before.includes(name) && readFileSync(file, 'utf8') === content;
    if (!isSame) writeFileSync(file, content);
    return !isSame;
  });
  return { all: files.length, changed: changed.length + gone.length };
}

function allFacts(): Facts[] {
  return [...readFacts(), ...readGrant()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** By what an entry is told to be the same as another. */
function keysOf(id: string, value: unknown): string[] {
  const { name, provider } = isRecord(value) ? value : {};
  const { authorizationEndpoint: endpoint } = isRecord(provider) ? provider : {};
  return [
    `id ${id}`,
    ...(typeof name === 'string' ? [`name ${name.toLowerCase()}`] : []),
    ...(typeof endpoint === 'string' ? [`at ${addressKey(endpoint)}`] : []),
  ];
}
