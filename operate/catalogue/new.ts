import { existsSync, writeFileSync } from 'node:fs';
import { UsageError } from '../environment.ts';
import { catalogueFolder, schemaOf } from './files.ts';
import { jsonOf } from './json.ts';

/** Kinds of providers that a template is made for. */
const providers = {
  oauth2: {
    authorizationEndpoint: 'https://provider.invalid/oauth/authorize',
    tokenEndpoint: 'https://provider.invalid/oauth/token',
    scopes: ['<scope>'],
    apiBaseUrl: 'https://api.provider.invalid',
    profile: { endpoint: '/me', map: { sub: '<where the id of an account is>' } },
    life: {},
  },
  oidc: {
    issuer: 'https://provider.invalid',
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    apiBaseUrl: 'https://api.provider.invalid',
    life: {},
  },
  'api-key': {
    apiBaseUrl: 'https://api.provider.invalid',
    fields: [{ name: 'api_key', label: 'API key' }],
    credential: { headers: { authorization: 'Bearer {api_key}' } },
    verify: { path: '/me' },
  },
  basic: {
    apiBaseUrl: 'https://api.provider.invalid',
    verify: { path: '/me' },
  },
} as const;

type Kind = keyof typeof providers;

/** Answers of an authorization server; what they hold is invented. */
const tokenSamples = {
  token: {
    body: {
      access_token: 'invented-access-token',
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: 'invented-refresh-token',
    },
  },
  refresh: {
    body: { access_token: 'invented-access-token-2', token_type: 'Bearer', expires_in: 3_600 },
  },
  refreshError: { status: 400, body: { error: 'invalid_grant' } },
};

/** A file to fill in: `lint` names every place that is left. */
export function templateOf(kind: Kind, today: string) {
  const isAuthorizing = kind === 'oauth2' || kind === 'oidc';
  return {
    $schema: schemaOf(false),
    name: '<what its users call it>',
    status: 'from documentation',
    register: {
      url: 'https://provider.invalid/developers',
      note: isAuthorizing
        ? '<where to enter the redirect URI, and what else to know>'
        : '<where users find their key>',
    },
    provider: { kind, ...providers[kind] },
    samples: {
      ...(isAuthorizing && tokenSamples),
      profile: { body: { id: 'invented-account' } },
    },
    sources: [
      {
        url: 'https://provider.invalid/docs/oauth',
        readAt: today,
        facts: ['<each field that this page tells>'],
      },
    ],
    unsourced: [],
    notes: '<what is special, or leave it out>',
  };
}

/**
 * Writes a file to fill in. @returns where it is.
 *
 * @throws UsageError where the id is none, or is taken.
 */
export function writeTemplate(
  id: string,
  kind: string,
  today: string,
  folder: URL = catalogueFolder,
): URL {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) {
    throw new UsageError('new needs an id: lower-case letters, digits, hyphens.');
  }
  if (!isKind(kind)) throw new UsageError(`--kind is one of ${Object.keys(providers).join(', ')}.`);
  const file = new URL(`${id}.json`, folder);
  if (existsSync(file)) throw new UsageError(`There is an entry ${id} already.`);
  writeFileSync(file, jsonOf(templateOf(kind, today)));
  return file;
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(providers, kind);
}
