import { placeholder } from './api-schema.ts';

/**
 * Puts fields in the places of `{field}`.
 *
 * @returns undefined where one is missing.
 */
export function fill(
  template: string,
  fields: Readonly<Record<string, string>>,
): string | undefined {
  let isWhole = true;
  const filled = template.replace(placeholder, (_place, name: string) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    isWhole &&= value !== undefined;
    return value ?? '';
  });
  return isWhole ? filled : undefined;
}

/** The fields that a template needs. */
export function fieldsOf(template: string): string[] {
  return [...template.matchAll(placeholder)].flatMap(([, name]) => name ?? []);
}
