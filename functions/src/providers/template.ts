import * as v from 'valibot';
import { text } from './primitives.ts';

/** Text in which `{field}` stands for the access token, a kept field, or a variable. */
const placeholder = /\{([a-z][a-z0-9_]{0,62})\}/gi;

/** An absolute URL, parts of which may be `{field}`. */
export const urlTemplateSchema = v.pipe(text, v.check(isTemplateOfUrl, 'must be an absolute URL'));

/**
 * Puts fields in the places of `{field}`.
 *
 * @returns undefined where one is missing.
 */
export function fill(
  template: string,
  fields: Readonly<Record<string, string>>,
): string | undefined {
  return fieldsOf(template).every((name) => Object.hasOwn(fields, name))
    ? fillKnown(template, fields)
    : undefined;
}

/** The same, but leaves the places of those that are missing as they are. */
export function fillKnown(template: string, fields: Readonly<Record<string, string>>): string {
  return template.replace(placeholder, (place, name: string) =>
    Object.hasOwn(fields, name) ? (fields[name] ?? place) : place,
  );
}

/** The fields that a template needs. */
export function fieldsOf(template: string): string[] {
  return [...template.matchAll(placeholder)].flatMap(([, name]) => name ?? []);
}

function isTemplateOfUrl(value: string): boolean {
  const [first] = value.match(placeholder) ?? [];
  const isWhole = first !== undefined && value.startsWith(first);
  const filled = isWhole ? value.replace(first, 'https://x.example') : value;
  return URL.canParse(filled.replace(placeholder, 'x'));
}
