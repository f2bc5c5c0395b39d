import { isNamed } from './hosts.ts';
import type { Settings } from './settings-schema.ts';
import { fixedOriginOf } from './template.ts';
import type { Wrong } from './wrong.ts';

type ProviderSettings = Settings['providers'][string];

/** What does not fit together of a provider's `profile`, `deviceAuthorization` and `tokenExchange`. */
export function wrongGrantOf(
  provider: ProviderSettings,
  providers: Settings['providers'],
): Wrong | undefined {
  const isWritten = provider.kind === 'oauth2' && provider.deviceAuthorization;
  if (isWritten && provider.deviceAuthorizationEndpoint === undefined) {
    return { field: 'deviceAuthorizationEndpoint', why: 'is missing' };
  }
  const keepAs = 'tokenExchange' in provider ? provider.tokenExchange?.keepAs : undefined;
  const kind = keepAs === undefined ? undefined : providers[keepAs]?.kind;
  if (keepAs !== undefined && kind !== 'oidc' && kind !== 'oauth2') {
    return { field: 'tokenExchange.keepAs', why: 'must name a provider of kind oidc or oauth2' };
  }
  return isWithinApi(provider)
    ? undefined
    : {
        field: 'profile.endpoint',
        why: 'must be on the host of apiBaseUrl, or on one of apiHosts',
      };
}

function isWithinApi({ profile, apiBaseUrl, apiHosts }: ProviderSettings): boolean {
  if (profile === undefined || profile.endpoint.startsWith('/')) return true;
  const { endpoint } = profile;
  const url = new URL(endpoint);
  return url.origin === fixedOriginOf(apiBaseUrl) || isNamed(url, apiHosts);
}
