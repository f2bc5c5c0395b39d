import { SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import { basicAuthorization } from '../platform/basic-authorization.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { OAuthFailure } from './failure.ts';
import { type Credentials, type Registration, registrationOf } from './registration.ts';
import { importSigningKey, type Signer } from './signing-key.ts';

/**
 * Asks as our client (RFC 6749 §2.3). Where two client secrets, or two keys, are in force and the
 * provider answers `invalid_client`, asks once more with the other one: who is not authenticated has
 * spent nothing.
 *
 * @param ask one request and the judgement of its answer, failures as `OAuthFailure`; it is told the
 *   client secret where there is one, for a provider that takes it in a way of its own.
 * @param mayAskAgain whether there is time for a second request; default: yes.
 * @throws StrongroomError `provider_misconfigured` without a secret or a key; what `ask` throws.
 */
export type Authenticated = <T>(ask: Ask<T>, mayAskAgain?: () => boolean) => Promise<T>;

type Ask<T> = (clientAuth: oauth.ClientAuth, clientSecret?: string) => Promise<T>;

/** One way to be known by a provider. */
interface Way {
  /** What tells it from another: the secret itself, so it is not for showing. */
  readonly id: string;
  readonly auth: oauth.ClientAuth;
  readonly secret?: string;
}

/** The ways to authenticate at all providers, for the life of an instance. */
export function createAuthentication(): (
  provider: Provider,
  credentials?: Credentials,
) => Authenticated {
  /** The way to begin with, by provider: the first of the settings until another one worked. */
  const preferred = new Map<string, string>();

  return (provider, credentials) =>
    async (ask, mayAskAgain = () => true) => {
      const ways = waysOf(provider, registrationOf(provider, credentials));
      const way = ways.find(({ id }) => id === preferred.get(provider.id)) ?? ways[0];
      if (way === undefined) throw withoutSecret(provider);
      try {
        return await ask(way.auth, way.secret);
      } catch (error) {
        const other = ways.find(({ id }) => id !== way.id);
        if (other === undefined || !isRefusedClient(error)) throw error;
        preferred.set(provider.id, other.id);
        // The team's settings may well be right: no reason to stop asking for everybody.
        if (!mayAskAgain()) throw new OAuthFailure('transient');
        return askWithOther(provider, other, ask);
      }
    };

  async function askWithOther<T>(
    provider: Provider,
    { auth, secret }: Way,
    ask: Ask<T>,
  ): Promise<T> {
    try {
      return await ask(auth, secret);
    } catch (error) {
      if (isRefusedClient(error)) preferred.delete(provider.id);
      throw error;
    }
  }
}

function isRefusedClient(error: unknown): boolean {
  const isOperators = error instanceof OAuthFailure && error.kind === 'operator';
  return isOperators && error.providerError === 'invalid_client';
}

function waysOf(provider: Provider, registration: Registration): Way[] {
  const { method, secrets, keys, clientId, certificate } = registration;
  const bySecret = (auth: (secret: string) => oauth.ClientAuth) =>
    secrets.map((secret) => ({ id: secret, auth: auth(secret), secret }));
  const byKey = (auth: (provider: Provider, signer: () => Promise<Signer>) => oauth.ClientAuth) =>
    keys.map((key) => {
      const signer = () => importSigningKey(key).catch(() => Promise.reject(unusableKey(provider)));
      return { id: JSON.stringify(key.privateKey), auth: auth(provider, signer) };
    });
  switch (method) {
    case 'none':
      // Some know who asks by the assertion alone.
      return [{ id: '', auth: clientId === undefined ? () => {} : oauth.None() }];
    case 'client_secret_basic':
      return bySecret(clientSecretBasic);
    case 'client_secret_post':
      return bySecret(oauth.ClientSecretPost);
    case 'private_key_jwt':
      return byKey(privateKeyJwt);
    case 'signed_client_secret':
      return byKey(signedClientSecret);
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return certificate === undefined ? [] : [{ id: '', auth: oauth.TlsClientAuth() }];
  }
}

/** RFC 6749 §2.3.1. The library's own encodes more, which many servers take for another client. */
export function clientSecretBasic(secret: string): oauth.ClientAuth {
  return (_server, { client_id }, _body, headers) => {
    headers.set('authorization', basicAuthorization(client_id, secret));
  };
}

/** RFC 7523 §2.2 and §3: a new assertion for each request, good for a minute. */
function privateKeyJwt(provider: Provider, signerOf: () => Promise<Signer>): oauth.ClientAuth {
  return async (server, client, body, headers) => {
    const signer = await signerOf();
    const auth = oauth.PrivateKeyJwt(signer, {
      [oauth.modifyAssertion]: (header, payload) => {
        // The library says `Ed25519` (RFC 9864), which few read yet.
        header['alg'] = signer.alg;
        payload['aud'] = audienceOf(provider, server);
      },
    });
    await auth(server, client, body, headers);
  };
}

/** A client secret that is a JWT, signed anew for each request and good for a minute. */
function signedClientSecret(provider: Provider, signerOf: () => Promise<Signer>): oauth.ClientAuth {
  return async (server, client, body, headers) => {
    const { key, alg, kid } = await signerOf();
    const issuer = 'clientSecretIssuer' in provider ? provider.clientSecretIssuer : undefined;
    const secret = await new SignJWT()
      .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
      .setIssuer(issuer ?? client.client_id)
      .setSubject(client.client_id)
      .setAudience(new URL(server.token_endpoint ?? server.issuer).origin)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(key);
    await oauth.ClientSecretPost(secret)(server, client, body, headers);
  };
}

function audienceOf(provider: Provider, server: oauth.AuthorizationServer): string {
  const told = 'clientAssertionAudience' in provider && provider.clientAssertionAudience;
  const isNamed = 'issuer' in provider && provider.issuer !== undefined;
  const isIssuer = told ? told === 'issuer' : isNamed;
  return isIssuer ? server.issuer : (server.token_endpoint ?? server.issuer);
}

function withoutSecret({ id }: Provider): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    `The provider ${id} has no client secret, key or certificate, whichever its settings ask for. Add ` +
      `one: npm run providers -- rotate-secret ${id}, or add --replace for a key or a certificate`,
    { field: `providers.${id}.clientSecrets` },
  );
}

function unusableKey({ id }: Provider): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    `A key of the provider ${id} is no private key of the algorithm that its settings name. Correct ` +
      'clientKeys.',
    { field: `providers.${id}.clientKeys` },
  );
}
