import { jsonTokenRequest } from './json-token-request.ts';
import type { Quirk } from './quirk.ts';

/** All strategies, by the names by which providers' data refers to them. */
export const quirks = {
  'json-token-request': jsonTokenRequest,
} as const satisfies Record<string, Quirk>;

export type QuirkName = keyof typeof quirks;

export function isQuirkName(name: string): name is QuirkName {
  return Object.hasOwn(quirks, name);
}

/** The strategies that a provider's data names, in its order. */
export function quirksOf(provider: { readonly quirks?: readonly string[] }): Quirk[] {
  const { quirks: names = [] } = provider;
  return names.flatMap((name) => (isQuirkName(name) ? [quirks[name]] : []));
}
