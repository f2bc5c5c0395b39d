import { StrongroomError } from '../errors.ts';
import type { MachineProvider } from '../providers/settings-schema.ts';
import { fieldsOf, fill } from '../providers/template.ts';
import type { Credentials } from './registration.ts';

/** RFC 6749 §3.3. */
export function scopeParameter(
  { scopeSeparator }: MachineProvider,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  return scopes.length === 0 ? {} : { scope: scopes.join(scopeSeparator) };
}

/**
 * The settings' templates with what the user gave in the places of `{field}`. One that needs what he
 * left out, because he may, is left out as well.
 */
export function filledParameters(
  provider: MachineProvider,
  templates: Readonly<Record<string, string>>,
  credentials: Credentials,
): Record<string, string> {
  const entries = Object.entries(templates).flatMap(([name, template]) => {
    const value = fill(template, credentials);
    if (value === undefined && fieldsOf(template).every((field) => isOptional(provider, field))) {
      return [];
    }
    if (value === undefined) throw incomplete(provider, name);
    return [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function isOptional({ fields = [] }: MachineProvider, name: string): boolean {
  return fields.some((field) => field.name === name && field.optional);
}

function incomplete({ id }: MachineProvider, name: string): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    `What ${name} of the provider ${id} is made of is not known. Connect the account again, or correct ` +
      'the settings.',
    { field: `providers.${id}` },
  );
}
