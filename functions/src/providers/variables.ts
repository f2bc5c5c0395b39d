import { StrongroomError } from '../errors.ts';
import type { Provider } from './settings-schema.ts';
import { patternOf, type Variable } from './variable-schema.ts';

/** What a user says of a provider's variables, by their names. */
export type Values = Readonly<Record<string, string>>;

/** One segment of a path and nothing else: for what comes through a browser and goes into addresses. */
export function isSegment(value: string): boolean {
  return /^(?!\.{1,2}$)[\w.~-]{1,200}$/.test(value);
}

/** As long as a host's name may be (RFC 1035 §2.3.4). */
const valueMaxLength = 253;

/**
 * What a user says of a provider's variables, once it has the form that its data asks for.
 *
 * @throws StrongroomError `invalid_argument` naming the field; its value is never shown.
 */
export function variablesOf(
  { variables }: Pick<Provider, 'variables'>,
  given: Values = {},
): Values {
  if (!Object.keys(given).every((name) => Object.hasOwn(variables, name))) {
    const known = Object.keys(variables).join(', ') || 'no variables';
    throw new StrongroomError('invalid_argument', `This provider takes ${known}.`, {
      field: 'variables',
    });
  }
  const entries = Object.entries(variables).map(([name, variable]) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || !fits(variable, value)) throw malformed(name, variable);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

function fits({ pattern }: Variable, value: string): boolean {
  const isText = value.length <= valueMaxLength && value.isWellFormed();
  return isText && patternOf(pattern)?.test(value) === true;
}

function malformed(name: string, { label, example }: Variable): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    `${label} is missing or not of the expected form. Give variables.${name}, like ${example}.`,
    { field: `variables.${name}` },
  );
}

/** Those among the fields of a connection that its user said. */
export function saidOf({ variables }: Pick<Provider, 'variables'>, fields: Values = {}): Values {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => Object.hasOwn(variables, name)),
  );
}
