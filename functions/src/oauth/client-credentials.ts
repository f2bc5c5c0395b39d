import type { MachineProvider } from '../providers/settings-schema.ts';
import { filledParameters, scopeParameter } from './machine-parameters.ts';
import type { Credentials } from './registration.ts';
import type { MachineGrant } from './token-request.ts';

/** The client credentials grant (RFC 6749 §4.4), by whatever name a provider has for it. */
export function clientCredentialsGrant(
  provider: Extract<MachineProvider, { kind: 'client-credentials' }>,
  credentials: Credentials,
  scopes: readonly string[],
): MachineGrant {
  return {
    grantType: provider.grantType,
    parameters: {
      ...scopeParameter(provider, scopes),
      ...filledParameters(provider, provider.tokenParameters, credentials),
    },
  };
}
