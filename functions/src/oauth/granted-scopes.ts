import type { AuthorizingProvider } from '../providers/settings-schema.ts';
import type { TokenSet } from './token-set.ts';

/** What a scope is called by the provider once it is granted. */
export function grantedAs(
  { scopeAliases }: Pick<AuthorizingProvider, 'scopeAliases'>,
  scope: string,
) {
  return Object.hasOwn(scopeAliases, scope) ? (scopeAliases[scope] ?? scope) : scope;
}

/**
 * The scopes that were asked for and not granted (RFC 6749 §3.3). What a scope is for tells as well as
 * its name, which many providers leave out of their answers.
 */
export function refusedScopesOf(
  provider: Pick<AuthorizingProvider, 'scopeAliases'>,
  asked: readonly string[],
  { scopes, idToken, refreshToken }: TokenSet,
): string[] {
  const granted = new Set(scopes);
  const shown: Readonly<Record<string, unknown>> = {
    openid: idToken,
    offline_access: refreshToken,
  };
  return asked.filter(
    (scope) => !granted.has(grantedAs(provider, scope)) && shown[scope] === undefined,
  );
}
