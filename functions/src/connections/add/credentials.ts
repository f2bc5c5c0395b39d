import { StrongroomError } from '../../errors.ts';
import type { Credentials } from '../../oauth/registration.ts';
import { type CredentialProvider, credentialFieldsOf } from '../../providers/credential-fields.ts';
import type { CredentialField } from '../../providers/credentials-schema.ts';

/** A private key of 4,096 bits in PEM has 3,300 characters. */
const valueMaxLength = 8_192;

/**
 * What a user handed over, once it has the form that the provider's data asks for.
 *
 * @throws StrongroomError `invalid_argument` naming the field; its value is never shown.
 */
export function credentialsOf(
  provider: CredentialProvider,
  given: Readonly<Record<string, unknown>>,
): Credentials {
  const fields = credentialFieldsOf(provider);
  const names = new Set(fields.map(({ name }) => name));
  if (!Object.keys(given).every((name) => names.has(name))) {
    const known = [...names].join(', ') || 'no credentials: the app has its own';
    throw new StrongroomError('invalid_argument', `This provider takes ${known}.`, {
      field: 'credentials',
    });
  }
  const entries = fields.flatMap((field) => {
    const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
    if (value === undefined && field.optional) return [];
    if (typeof value !== 'string' || !fits(field, value)) throw malformed(field);
    return [[field.name, value] as const];
  });
  return Object.fromEntries(entries);
}

/** White space at an end came with it when it was copied: nobody would see why it is refused. */
function fits({ pattern, multiline }: CredentialField, value: string): boolean {
  if (value === '' || value.length > valueMaxLength) return false;
  if (!multiline && (/\p{Cc}/u.test(value) || value !== value.trim())) return false;
  return pattern === undefined || new RegExp(`^(?:${pattern})$`, 'v').test(value);
}

function malformed({ name, label }: CredentialField): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    `${label} is missing or not of the expected form.`,
    { field: `credentials.${name}` },
  );
}

/** What of them may stand in addresses and be shown: what is no secret. */
export function shownOf(provider: CredentialProvider, credentials: Credentials): Credentials {
  const open = credentialFieldsOf(provider).filter(({ secret }) => !secret);
  return Object.fromEntries(
    open.flatMap(({ name }) => {
      const value = credentials[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
