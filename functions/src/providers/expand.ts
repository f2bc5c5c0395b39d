import { isObject } from '../platform/member.ts';
import type { CatalogueEntry, ReadEntry } from './read-entry.ts';
import { fillKnown } from './template.ts';
import { patternOf, type Variable } from './variable-schema.ts';
import type { Wrong } from './wrong.ts';

export type Expanded = { readonly entry: unknown } | { readonly wrong: Wrong };

type Fields = Readonly<Record<string, unknown>>;

/**
 * An entry of the settings as the schema takes it: what `catalogue` names is put below what the team
 * wrote, and what the team says of its variables in their places. What users are to say stays in
 * `variables`.
 */
export function expand(written: unknown, readEntry: ReadEntry): Expanded {
  if (!isObject(written) || written['catalogue'] === undefined) return { entry: written };
  const { catalogue, variables: given = {}, ...own } = written;
  let found: CatalogueEntry | undefined;
  try {
    found = typeof catalogue === 'string' ? readEntry(catalogue) : undefined;
  } catch {
    return wrong('catalogue', 'must name an entry that can be read: build and deploy again');
  }
  if (found === undefined) {
    return wrong('catalogue', 'must be the id of an entry of the catalogue (docs/providers.md)');
  }
  if (!isObject(given)) return wrong('variables', 'must be an object');
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(found.variables, name));
  if (unknown !== undefined) return wrong(`variables.${unknown}`, 'there is no such variable');
  const values: Record<string, string> = {};
  const asked: Record<string, Variable> = {};
  for (const [name, variable] of Object.entries(found.variables)) {
    const byDefault = variable.by === 'app' ? variable.default : undefined;
    const value = Object.hasOwn(given, name) ? given[name] : byDefault;
    if (value === undefined && variable.by === 'user') asked[name] = variable;
    else if (value === undefined) return wrong(`variables.${name}`, 'is missing');
    else if (typeof value !== 'string' || patternOf(variable.pattern)?.test(value) !== true) {
      return wrong(`variables.${name}`, `must be like ${variable.example}`);
    } else values[name] = value;
  }
  const entry = Object.entries(merged(found, own)).map(
    ([name, value]) => [name, verbatim.has(name) ? value : filled(value, values)] as const,
  );
  return { entry: { ...Object.fromEntries(entry), variables: asked } };
}

/** A field that the team writes replaces the catalogue's; `life` is taken field by field. */
function merged({ name, provider }: CatalogueEntry, own: Fields): Fields {
  const life = isObject(provider['life']) &&
    isObject(own['life']) && {
      life: { ...provider['life'], ...own['life'] },
    };
  return { name, ...provider, ...own, ...life };
}

/** The team's registration stays as it is: a brace in a secret is no variable. */
const verbatim = new Set([
  'clientId',
  'clientSecrets',
  'clientKeys',
  'clientCertificate',
  'assertionKeys',
]);

function filled(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fillKnown(value, values);
  if (Array.isArray(value)) return value.map((item) => filled(item, values));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, filled(item, values)]),
  );
}

function wrong(field: string, why: string): Expanded {
  return { wrong: { field, why } };
}
