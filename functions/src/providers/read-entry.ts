import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { text } from './primitives.ts';
import { variableNameSchema, variableSchema } from './variable-schema.ts';

/** What an instance needs of an entry of the catalogue; the rest is for people and tests. */
const deployedSchema = v.object({
  name: text,
  variables: v.optional(v.record(variableNameSchema, variableSchema), {}),
  provider: v.looseObject({ kind: text }),
});

export type CatalogueEntry = v.InferOutput<typeof deployedSchema>;

/** @returns undefined where the catalogue has no such entry. */
export type ReadEntry = (id: string) => CatalogueEntry | undefined;

/** Beside this file, and beside the bundle that it becomes a part of. What is ours comes first. */
const folders = ['./catalogue/', './catalogue/imported/'] as const;

/**
 * Reads entries of a catalogue, each when it is asked for. Cost: one small file; entries that no
 * settings name are neither read nor parsed.
 *
 * @param base what the catalogue's folder lies in.
 * @returns a function that throws an Error where a file is not as the build leaves it.
 */
export function createEntryReader(base: URL): ReadEntry {
  return (id) => {
    // An id becomes a file's name.
    if (!/^[a-z\d][a-z\d-]{0,62}$/.test(id)) return undefined;
    for (const folder of folders) {
      const content = contentOf(new URL(`${folder}${id}.json`, base));
      if (content !== undefined) return v.parse(deployedSchema, JSON.parse(content));
    }
    return undefined;
  };
}

/** Those of the catalogue that comes with the suite. */
export const readEntry = createEntryReader(new URL(import.meta.url));

function contentOf(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return undefined;
    throw error;
  }
}
