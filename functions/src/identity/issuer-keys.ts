import type { JSONWebKeySet } from 'jose';
import * as oauth from 'oauth4webapi';

/** `fetch`, as far as it is used here; redirects are not to be followed. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly redirect?: 'manual';
  },
) => Promise<Response>;

export interface IssuerKeys {
  readonly issuer: string;
  /** Where its keys are, for an issuer that does not tell. */
  readonly jwksUri?: string | undefined;
  readonly fetch: Fetch;
  /** Plain http, on this machine. */
  readonly allowInsecure?: boolean | undefined;
}

/**
 * What fetches an issuer's keys (RFC 7517 §5) from the address that it names in its metadata: OpenID
 * Connect Discovery 1.0, else RFC 8414.
 */
export function createKeyLoader(options: IssuerKeys): () => Promise<JSONWebKeySet> {
  return async () => {
    const uri = options.jwksUri ?? (await discover(options));
    const answer = await options.fetch(uri, {
      method: 'GET',
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'manual',
    });
    if (answer.status !== 200) throw new Error(`The keys were answered with ${answer.status}.`);
    const document: unknown = await answer.json();
    if (!isKeySet(document)) throw new Error('The answer is no set of keys.');
    return document;
  };
}

async function discover({ issuer, fetch, allowInsecure = false }: IssuerKeys): Promise<string> {
  const url = new URL(issuer);
  const ask = (algorithm: 'oidc' | 'oauth2') =>
    oauth.discoveryRequest(url, {
      algorithm,
      [oauth.customFetch]: fetch,
      [oauth.allowInsecureRequests]: allowInsecure,
    });
  const first = await ask('oidc');
  const answer = first.status === 200 ? first : await ask('oauth2');
  const { jwks_uri: uri } = await oauth.processDiscoveryResponse(url, answer);
  if (uri === undefined) throw new Error('The issuer names no keys.');
  return uri;
}

function isKeySet(document: unknown): document is JSONWebKeySet {
  if (typeof document !== 'object' || document === null || !('keys' in document)) return false;
  const { keys } = document;
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null);
}
