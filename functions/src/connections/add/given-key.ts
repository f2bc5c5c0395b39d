import { StrongroomError } from '../../errors.ts';
import type { Credentials } from '../../oauth/registration.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import { credentialFieldsOf } from '../../providers/credential-fields.ts';
import type { KeyProvider } from '../../providers/settings-schema.ts';
import { fieldsOf, fill } from '../../providers/template.ts';
import type { Account } from '../../store/documents.ts';
import { shownOf } from './credentials.ts';

interface GivenKey {
  /** What is sent: the first secret of an API key's fields, or the pair of RFC 7617 in base64. */
  readonly accessToken: string;
  /** Whose it is, as far as it tells by itself. */
  readonly account: Account;
}

/** What an API is to be shown, made of what a user gave. */
export function givenKeyOf(provider: KeyProvider, credentials: Credentials): GivenKey {
  return provider.kind === 'basic' ? pairOf(provider, credentials) : keyOf(provider, credentials);
}

function keyOf(provider: KeyProvider, credentials: Credentials): GivenKey {
  const fields = credentialFieldsOf(provider);
  const [field] = fields.filter(({ name, secret }) => secret && credentials[name] !== undefined);
  const accessToken = credentials[field?.name ?? ''] ?? '';
  // It goes into a header as it is.
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(accessToken)) {
    throw unsendable(field?.name ?? fields[0]?.name ?? '');
  }
  return { accessToken, account: {} };
}

function pairOf(
  provider: Extract<KeyProvider, { kind: 'basic' }>,
  credentials: Credentials,
): GivenKey {
  const { username, password } = provider;
  const name = fill(username, credentials) ?? '';
  const secret = fill(password, credentials) ?? '';
  // RFC 7617 §2: all after the first colon is the password.
  if (name.includes(':')) throw unsendable(Object.keys(credentials)[0] ?? '');
  const accessToken = Buffer.from(`${name}:${secret}`, 'utf8').toString('base64');
  const shown = shownOf(provider, credentials);
  // Some take a key for the name.
  const isShown = fieldsOf(username).every((field) => Object.hasOwn(shown, field));
  return { accessToken, account: isShown ? { subject: name.slice(0, 200) } : {} };
}

function unsendable(name: string): StrongroomError {
  const field = `credentials.${name}`;
  return new StrongroomError('invalid_argument', `${field} has characters that cannot be sent.`, {
    field,
  });
}

/** A key as a token set: one that nobody gave and that does not expire. */
export function tokenSetOfKey(
  { accessToken }: GivenKey,
  about: Pick<TokenSet, 'credentials' | 'extra' | 'obtainedAt'>,
): TokenSet {
  // Whoever has it can use it, as with a token of RFC 6750.
  return { accessToken, tokenType: 'bearer', scopes: [], ...about };
}
