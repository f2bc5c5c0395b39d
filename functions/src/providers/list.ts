import { credentialFieldsOf, takesCredentials } from './credential-fields.ts';
import type { CredentialField } from './credentials-schema.ts';
import type { SettingsReader } from './settings.ts';
import type { Provider } from './settings-schema.ts';
import type { Variable } from './variable-schema.ts';

/** How a connection comes to be; by anything but the first: `connections-add`. */
const ways = {
  oidc: 'authorization_code',
  oauth2: 'authorization_code',
  'api-key': 'api_key',
  basic: 'basic',
  'client-credentials': 'client_credentials',
  'jwt-bearer': 'jwt_bearer',
} as const satisfies Record<Provider['kind'], string>;

/** A provider as users may see it. */
export interface OfferedProvider {
  readonly id: string;
  readonly name: string;
  readonly logo?: string;
  readonly credentials: (typeof ways)[Provider['kind']];
  /** What `connections-add` asks for, as the inputs of a form; empty where the app has its own. */
  readonly fields?: readonly CredentialField[];
  readonly scopes: readonly string[];
  /** What `connections-begin` asks for by these names; absent: nothing. */
  readonly variables?: Readonly<
    Record<string, Pick<Variable, 'label' | 'hint' | 'pattern' | 'example'>>
  >;
}

/** The providers that the settings enable. Cost: none in Firestore. */
export function createProviderList(settings: SettingsReader) {
  return async (): Promise<OfferedProvider[]> => {
    const { providers } = await settings.read();
    return Object.entries(providers).map(([id, entry]) => {
      const { name, logo, scopes, kind } = entry;
      const provider = { ...entry, id };
      return {
        id,
        name,
        ...(logo !== undefined && { logo }),
        credentials: ways[kind],
        ...(takesCredentials(provider) && { fields: credentialFieldsOf(provider) }),
        scopes,
        ...(Object.keys(entry.variables).length > 0 && { variables: shownOf(entry.variables) }),
      };
    });
  };
}

function shownOf(variables: Provider['variables']): NonNullable<OfferedProvider['variables']> {
  const shown = Object.entries(variables).map(([name, { label, hint, pattern, example }]) => {
    return [name, { label, ...(hint !== undefined && { hint }), pattern, example }] as const;
  });
  return Object.fromEntries(shown);
}
