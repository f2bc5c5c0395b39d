import type { CredentialField } from './credentials-schema.ts';
import type { KeyProvider, MachineProvider, Provider } from './settings-schema.ts';

/** A provider that is connected by what somebody hands over. */
export type CredentialProvider = KeyProvider | MachineProvider;

/** Whether a provider is connected by credentials, and not in the user's browser. */
export function takesCredentials(provider: Provider): provider is CredentialProvider {
  return provider.kind !== 'oidc' && provider.kind !== 'oauth2';
}

/** What a user of this provider is asked for; nothing where the app's own credentials are used. */
export function credentialFieldsOf(provider: CredentialProvider): readonly CredentialField[] {
  return provider.fields ?? usualFieldsOf(provider);
}

function usualFieldsOf(provider: CredentialProvider): readonly CredentialField[] {
  switch (provider.kind) {
    case 'api-key':
      return [secret('api_key', 'API key')];
    case 'basic':
      return [open('username', 'User name'), secret('password', 'Password')];
    case 'client-credentials':
      return provider.clientId === undefined ? ofClient(provider.clientAuthentication) : [];
    case 'jwt-bearer':
      if (provider.assertionKeys.length > 0) return [];
      return [
        ...(provider.clientId === undefined ? [open('client_id', 'Client ID')] : []),
        ...ofKey,
      ];
  }
}

/** The names of the fields that the kind itself reads. What `fields` asks for must have them. */
export function neededFieldsOf(provider: CredentialProvider): readonly string[] {
  if (provider.kind === 'api-key' || provider.kind === 'basic') return [];
  const needed = usualFieldsOf(provider)
    .filter(({ optional }) => !optional)
    .map(({ name }) => name);
  const { kind } = provider;
  // An assertion may name who it is from in another way.
  return kind === 'jwt-bearer' && provider.assertion.issuer !== '{client_id}'
    ? needed.filter((name) => name !== 'client_id')
    : needed;
}

function ofClient(method: MachineProvider['clientAuthentication']): CredentialField[] {
  const id = open('client_id', 'Client ID');
  if (method === 'none') return [id];
  return method === 'private_key_jwt' || method === 'signed_client_secret'
    ? [id, ...ofKey]
    : [id, secret('client_secret', 'Client secret')];
}

const ofKey: readonly CredentialField[] = [
  { ...secret('private_key', 'Private key'), multiline: true },
  { ...open('key_id', 'Key ID'), optional: true },
];

function secret(name: string, label: string): CredentialField {
  return { name, label, secret: true, optional: false, multiline: false };
}

function open(name: string, label: string): CredentialField {
  return { ...secret(name, label), secret: false };
}
