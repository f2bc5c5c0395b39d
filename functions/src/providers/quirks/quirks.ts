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
