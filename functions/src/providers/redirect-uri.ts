import type { AppSettings, Provider } from './settings-schema.ts';

/** Where a provider sends users back to: what is registered there. */
export function redirectUriOf({ redirectUri }: AppSettings, provider: Provider): string {
  const isOwn = 'ownRedirectUri' in provider && provider.ownRedirectUri;
  return isOwn ? `${redirectUri}/${provider.id}` : redirectUri;
}

/** What a provider knows our redirect URI by: as it is, or by a name that it gave it. */
export function redirectUriKnownTo<T extends string | undefined>(
  provider: Provider,
  redirectUri: T,
): T | string {
  const alias = 'redirectUriAlias' in provider ? provider.redirectUriAlias : undefined;
  return alias ?? redirectUri;
}
