import * as v from 'valibot';
import { type Entry, entrySchema } from './entry-schema.ts';

/** A mistake in a file of the catalogue: where, and what. */
interface Wrong {
  readonly field: string;
  readonly why: string;
}

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

function whyOf({ expected, received, message }: v.InferIssue<typeof entrySchema>): string {
  if (expected === 'never') return 'there is no such field';
  if (received === 'undefined') return 'is missing';
  return message.startsWith('must ') || expected === null ? message : `must be ${expected}`;
}
