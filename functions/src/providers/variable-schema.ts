import * as v from 'valibot';
import { freeName, text } from './primitives.ts';

/** The name of a variable, as templates take it: `{subdomain}`. */
export const variableNameSchema = v.pipe(
  v.string(),
  v.regex(new RegExp(`^${freeName}[a-z][a-z0-9_]{0,62}$`), 'must be a name such as subdomain'),
);

/** What stands in a provider's addresses and is another for each team, or for each user. */
export const variableSchema = v.strictObject({
  label: text,
  hint: v.exactOptional(text),
  /** A regular expression for all of its value, as the attribute `pattern` of HTML has it. */
  pattern: v.pipe(
    text,
    v.check((value) => patternOf(value) !== undefined, 'must be a regular expression'),
  ),
  example: text,
  /**
   * Who says it: the team in its settings, or the user who connects. What users say may lead to
   * `endpointHosts` only: a client secret goes there.
   */
  by: v.optional(v.picklist(['app', 'user']), 'app'),
  /** Where the team says nothing. */
  default: v.exactOptional(text),
});

export type Variable = v.InferOutput<typeof variableSchema>;

export function patternOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, 'v');
  } catch {
    return undefined;
  }
}
