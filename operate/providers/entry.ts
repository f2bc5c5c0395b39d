import { readFileSync } from 'node:fs';
import { isRecord } from '../../sandbox/http/body.ts';
import { UsageError } from '../environment.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;

/** The options of `add` by which a provider is described without a file. */
export const entryOptions = {
  from: text,
  catalogue: text,
  variable: texts,
  kind: text,
  name: text,
  issuer: text,
  'authorization-endpoint': text,
  'token-endpoint': text,
  'revocation-endpoint': text,
  'userinfo-endpoint': text,
  'client-id': text,
  'client-authentication': text,
  'api-base-url': text,
  scope: texts,
} as const;

const fields: Readonly<Record<string, string>> = {
  catalogue: 'catalogue',
  kind: 'kind',
  name: 'name',
  issuer: 'issuer',
  'authorization-endpoint': 'authorizationEndpoint',
  'token-endpoint': 'tokenEndpoint',
  'revocation-endpoint': 'revocationEndpoint',
  'userinfo-endpoint': 'userinfoEndpoint',
  'client-id': 'clientId',
  'client-authentication': 'clientAuthentication',
  'api-base-url': 'apiBaseUrl',
  scope: 'scopes',
};

/** A provider's entry from a file, with the options' fields over it. @throws UsageError */
export function entryOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { from } = values;
  const entry: Record<string, unknown> = typeof from === 'string' ? readEntry(from) : {};
  for (const [option, field] of Object.entries(fields)) {
    if (values[option] !== undefined) entry[field] = values[option];
  }
  const variables = variablesOf(values['variable']);
  if (variables !== undefined) {
    const written = isRecord(entry['variables']) ? entry['variables'] : {};
    entry['variables'] = { ...written, ...variables };
  }
  if (Object.keys(entry).length === 0) {
    throw new UsageError(
      'What is the provider like? Say --catalogue <entry>, --from <file>, or --kind and the rest.',
    );
  }
  return entry;
}

/** `--variable tenant=acme` */
function variablesOf(given: unknown): Record<string, string> | undefined {
  if (!Array.isArray(given)) return undefined;
  const pairs = given.map((pair) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(String(pair)) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError('A variable is given as --variable name=value.');
    }
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function readEntry(file: string): Record<string, unknown> {
  const value = jsonIn(file);
  if (!isRecord(value)) {
    throw new UsageError('The file that --from names is no JSON object in a readable file.');
  }
  if ('clientSecrets' in value) {
    throw new UsageError(
      'Leave clientSecrets out of the file: the secret is asked for, or read from stdin.',
    );
  }
  return { ...value };
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
