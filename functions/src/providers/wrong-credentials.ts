import {
  type CredentialProvider,
  credentialFieldsOf,
  neededFieldsOf,
} from './credential-fields.ts';
import type { KeyProvider, MachineProvider, Settings } from './settings-schema.ts';
import { fieldsOf } from './template.ts';
import type { Wrong } from './wrong.ts';

type Checked = Settings['providers'][string];

/** The names that templates may hold: of what users give, and of that what is no secret. */
export function givenNamesOf(provider: Checked): {
  all: readonly string[];
  shown: readonly string[];
} {
  if (provider.kind === 'oidc' || provider.kind === 'oauth2') return { all: [], shown: [] };
  const fields = credentialFieldsOf({ ...provider, id: '' });
  return {
    all: fields.map(({ name }) => name),
    shown: fields.filter(({ secret }) => !secret).map(({ name }) => name),
  };
}

/** What of a provider's data about credentials does not fit together. */
export function wrongCredentialsOf(entry: Checked): Wrong | undefined {
  if (entry.kind === 'api-key' || entry.kind === 'basic') {
    const provider = { ...entry, id: '' };
    return (
      wrongFieldsOf(provider) ?? (provider.kind === 'basic' ? wrongPairOf(provider) : undefined)
    );
  }
  const provider = { ...entry, id: '' };
  const isByCertificate = /tls_client_auth$/.test(entry.clientAuthentication);
  if ((isByCertificate || entry.certificateBoundTokens) && entry.clientCertificate === undefined) {
    return { field: 'clientCertificate', why: 'is missing' };
  }
  const isSigned = entry.clientAuthentication === 'signed_client_secret';
  if (isSigned && entry.clientId !== undefined && entry.clientKeys.length === 0) {
    return { field: 'clientKeys', why: 'is missing' };
  }
  if (provider.kind === 'oidc' || provider.kind === 'oauth2') return undefined;
  if (isByCertificate && provider.clientId === undefined) {
    return { field: 'clientId', why: 'is missing: the certificate is that of the app' };
  }
  return wrongFieldsOf(provider) ?? wrongServerOf(provider);
}

function wrongFieldsOf(provider: CredentialProvider): Wrong | undefined {
  const names = credentialFieldsOf(provider).map(({ name }) => name);
  const isOnce = new Set([...names, ...provider.keep]).size === names.length + provider.keep.length;
  if (!isOnce)
    return { field: 'fields', why: 'must name each field once, and none that `keep` has' };
  if (!neededFieldsOf(provider).every((name) => names.includes(name))) {
    const needed = neededFieldsOf(provider).join(', ');
    return { field: 'fields', why: `must ask for ${needed}` };
  }
  const hasKey =
    provider.kind !== 'api-key' || credentialFieldsOf(provider).some((one) => one.secret);
  return hasKey ? undefined : { field: 'fields', why: 'must ask for a secret' };
}

function wrongPairOf(provider: Extract<KeyProvider, { kind: 'basic' }>): Wrong | undefined {
  for (const field of ['username', 'password'] as const) {
    const known = credentialFieldsOf(provider).map(({ name }) => name);
    if (!fieldsOf(provider[field]).every((name) => known.includes(name))) {
      return { field, why: 'must hold only names of `fields`' };
    }
  }
  return undefined;
}

/** Set by the protocol, and not for data to say. */
const reserved = /^(?:grant_type|assertion|scope|client_(?:id|secret|assertion|assertion_type))$/;

function wrongServerOf(provider: MachineProvider): Wrong | undefined {
  const { tokenEndpoint, issuer, tokenHosts, tokenParameters, clientId } = provider;
  if (tokenEndpoint === undefined && issuer === undefined) {
    return { field: 'tokenEndpoint', why: 'is missing, and issuer as well' };
  }
  const { all, shown } = givenNamesOf(provider);
  const isOfApp =
    provider.kind === 'jwt-bearer' ? provider.assertionKeys.length > 0 : clientId !== undefined;
  if (isOfApp && all.length > 0) {
    // A user could name whomever he likes, and the app would vouch for it.
    return { field: 'fields', why: 'must be left out where the credentials are those of the app' };
  }
  if (tokenEndpoint !== undefined) {
    if (!fieldsOf(tokenEndpoint).every((name) => shown.includes(name))) {
      return {
        field: 'tokenEndpoint',
        why: 'must hold only names of `fields` that are no secrets',
      };
    }
    if (fieldsOf(tokenEndpoint).length > 0 && tokenHosts.length === 0) {
      return { field: 'tokenHosts', why: 'must name the hosts that tokenEndpoint may lead to' };
    }
  }
  if (Object.keys(tokenParameters).some((name) => reserved.test(name))) {
    return { field: 'tokenParameters', why: 'must not name a parameter that the protocol sets' };
  }
  const known = [...all, ...(clientId === undefined ? [] : ['client_id'])];
  const holds = (template: string, names: readonly string[]) =>
    fieldsOf(template).every((name) => names.includes(name));
  if (!Object.values(tokenParameters).every((template) => holds(template, known))) {
    return { field: 'tokenParameters', why: 'must hold only names of `fields`' };
  }
  if (provider.kind !== 'jwt-bearer') return undefined;
  const { issuer: iss, subject = '', audience = '', claims } = provider.assertion;
  const areKnown = [iss, subject, audience].every((template) => holds(template, known));
  if (!areKnown) return { field: 'assertion', why: 'must hold only names of `fields`' };
  return Object.values(claims).every((template) => holds(template, [...known, 'scope']))
    ? undefined
    : { field: 'assertion.claims', why: 'must hold only names of `fields`, or {scope}' };
}
