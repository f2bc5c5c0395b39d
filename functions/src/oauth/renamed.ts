import type { Provider } from '../providers/settings-schema.ts';

/** What a provider calls parameters of the protocol; nothing where it names none of its own. */
export function parameterNamesOf(provider: Provider): Readonly<Record<string, string>> {
  return 'parameterNames' in provider ? provider.parameterNames : {};
}

/** The same of its token endpoint, which may have further ones. */
export function tokenParameterNamesOf(provider: Provider): Readonly<Record<string, string>> {
  return 'tokenParameterNames' in provider
    ? { ...provider.parameterNames, ...provider.tokenParameterNames }
    : {};
}

/** Parameters by the names that a provider has for them. */
export function renamed(
  names: Readonly<Record<string, string>>,
  parameters: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [nameOf(names, name), value]),
  );
}

/** The provider's name for a parameter of the protocol. */
export function nameOf(names: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(names, name) ? (names[name] ?? name) : name;
}
