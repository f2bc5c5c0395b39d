import { RpcError } from './rpc-error.ts';

type Fields = Readonly<Record<string, string>>;

const term = /^(-|NOT\s+)?([a-z_]+)\s*(:|=|!=|<=|>=|<|>)\s*"?([^"\s]+)"?$/i;

const compare: Readonly<Record<string, (actual: string, wanted: string) => boolean>> = {
  ':': (actual, wanted) => actual.toLowerCase().includes(wanted.toLowerCase()),
  '=': (actual, wanted) => actual === wanted,
  '!=': (actual, wanted) => actual !== wanted,
  '<': (actual, wanted) => actual < wanted,
  '<=': (actual, wanted) => actual <= wanted,
  '>': (actual, wanted) => actual > wanted,
  '>=': (actual, wanted) => actual >= wanted,
};

/**
 * The part of Google's list filters that Secret Manager documents: `field:value`, `=` and the
 * comparisons, `NOT` or `-` before a term, `AND` and `OR` between terms (OR binds tighter, AIP-160;
 * no parentheses). Fields are named in snake_case, such as `state` and `create_time`.
 *
 * @throws RpcError `INVALID_ARGUMENT` for anything else.
 */
export function parseFilter(filter: string): (fields: Fields) => boolean {
  if (filter.trim() === '') return () => true;
  const conditions = filter
    .split(/\s+AND\s+/)
    .map((alternatives) => alternatives.split(/\s+OR\s+/).map(parseTerm));
  return (fields) => conditions.every((terms) => terms.some((matches) => matches(fields)));
}

function parseTerm(source: string): (fields: Fields) => boolean {
  const [, negation, field, operator, wanted] = term.exec(source.trim()) ?? [];
  const test = compare[operator ?? ''];
  if (field === undefined || wanted === undefined || test === undefined) {
    throw new RpcError('INVALID_ARGUMENT', `Could not parse the filter near [${source}].`);
  }
  return (fields) => {
    const actual = fields[field.toLowerCase()];
    if (actual === undefined) {
      throw new RpcError('INVALID_ARGUMENT', `Unknown filter field [${field}].`);
    }
    return test(actual, wanted) === (negation === undefined);
  };
}
