import * as v from 'valibot';
import { Problem } from './problem.ts';

/** What a part is; every field is required but `description`. */
const partSchema = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty(), v.maxLength(200)),
  description: v.optional(v.pipe(v.string(), v.maxLength(2_000)), ''),
  /** In hundredths of the catalog's currency. */
  priceCents: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  stock: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

export type Part = v.InferOutput<typeof partSchema>;

const pageSchema = v.strictObject({
  limit: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,3}$/), v.transform(Number), v.minValue(1), v.maxValue(200)),
    '50',
  ),
  /** The `next` of the page before. */
  after: v.optional(v.pipe(v.string(), v.regex(/^\w{20}$/))),
});

export const parsePart = (value: unknown): Part => parse(partSchema, value);
export const parsePage = (value: unknown) => parse(pageSchema, value);

/** @throws Problem 400 naming the field. */
function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const isUnknown = issue.expected === 'never';
  const field = v.getDotPath(issue) ?? 'the body';
  throw new Problem(400, isUnknown ? 'There is a field too many.' : `Correct ${field}.`);
}
