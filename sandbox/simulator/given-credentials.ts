import * as fc from 'fast-check';
import {
  credentialFieldsOf,
  takesCredentials,
} from '../../functions/src/providers/credential-fields.ts';
import type { CredentialField } from '../../functions/src/providers/credentials-schema.ts';
import type { Provider } from '../../functions/src/providers/settings-schema.ts';
import { newSecret, type Registration } from './registration.ts';

/** What a user of the provider hands over when he connects, by the names of its fields. */
export function givenCredentials(
  provider: Provider,
  { clientId, clientSecret, keyId, privateKey }: Registration,
): Readonly<Record<string, string>> {
  if (!takesCredentials(provider)) return {};
  const usual: Readonly<Record<string, string>> = {
    client_id: clientId,
    client_secret: clientSecret,
    private_key: privateKey,
    key_id: keyId,
  };
  return Object.fromEntries(
    credentialFieldsOf(provider).map((field) => [field.name, usual[field.name] ?? valueFor(field)]),
  );
}

const tries = 200;

/** A value that the field's pattern allows. */
function valueFor({ name, pattern }: CredentialField): string {
  if (pattern === undefined) return newSecret(name);
  const matching = new RegExp(`^(?:${pattern})$`);
  const found = fc
    .sample(fc.stringMatching(matching), { numRuns: tries })
    .find((value) => /^[\x21-\x7e]{6,}$/.test(value));
  if (found === undefined) throw new Error(`No visible text was found for the pattern of ${name}.`);
  return found;
}
