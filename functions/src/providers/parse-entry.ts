import * as v from 'valibot';
import { type Entry, entrySchema } from './entry-schema.ts';
import { type Wrong, whyOf } from './wrong.ts';

/** A file of the catalogue by its schema, or all that is wrong with it. */
export function parseEntry(
  value: unknown,
): { readonly entry: Entry } | { readonly wrong: readonly Wrong[] } {
  const { success, output, issues } = v.safeParse(entrySchema, value);
  if (success) return { entry: output };
  const wrong = issues.map((issue) => ({
    field: v.getDotPath(issue) ?? '(file)',
    why: whyOf(issue),
  }));
  return { wrong };
}
