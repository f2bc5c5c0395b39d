import type { AppSettings, Provider } from './settings-schema.ts';

/** Where a provider sends users back to: what is registered there. */
export function redirectUriOf({ redirectUri }: AppSettings, provider: Provider): string {
  const isOwn = 'ownRedirectUri' in provider && provider.ownRedirectUri;
  return isOwn ? `${redirectUri}/${provider.id}` : redirectUri;
}
