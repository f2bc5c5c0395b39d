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

/** What would begin another part of a URL, or step out of its path: `/`, `@`, `&`, `..`, `%2e`. */
const changesUrl = /[/\\?#@%&;{}\s\p{Cc}]|^\.{0,2}$/u;
/** The same of what a URL begins with: it may have a path, but nothing that would swallow the rest. */
const changesRest = /[\\?#@{}\s\p{Cc}]/u;

/**
 * Puts fields in the places of a template of a URL. None but one that the template begins with can make
 * it another URL than it reads.
 *
 * @returns undefined where a field is missing, or what comes of it is no URL.
 */
export function fillUrl(
  template: string,
  fields: Readonly<Record<string, string>>,
): URL | undefined {
  const filled = fill(template, fields);
  const isPart = (at: number) => at > 0 || !template.startsWith('{');
  const changes = fieldsOf(template).some((name, at) =>
    (isPart(at) ? changesUrl : changesRest).test(fields[name] ?? ''),
  );
  return filled === undefined || changes ? undefined : (URL.parse(filled) ?? undefined);
}

/** The origin of a template of a URL, where no field stands in it. */
export function fixedOriginOf(template: string): string | undefined {
  const [origin = '{'] = /^[a-z][a-z\d+.-]*:\/\/[^/\\?#]*/i.exec(template) ?? [];
  return origin.includes('{') ? undefined : URL.parse(origin)?.origin;
}

/** What a template of a URL has for its host, with the scheme before it. */
export function hostIn(template: string): string {
  return /^(?:[a-z]+:\/\/)?[^/?#]*/i.exec(template)?.[0] ?? '';
}

/** The fields that a template needs. */
export function fieldsOf(template: string): string[] {
  return [...template.matchAll(placeholder)].flatMap(([, name]) => name ?? []);
}

function isTemplateOfUrl(value: string): boolean {
  return URL.canParse(exampleOf(value));
}

/** An address such as a template makes. */
export function exampleOf(template: string): string {
  const [first] = template.match(placeholder) ?? [];
  const isWhole = first !== undefined && template.startsWith(first);
  const filled = isWhole ? template.replace(first, 'https://x.example') : template;
  return filled.replace(placeholder, 'x');
}
