import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { OAuthFailure } from './failure.ts';

/**
 * Asks as our client (RFC 6749 §2.3). Where two client secrets are in force and the provider answers
 * `invalid_client`, asks once more with the other one: who is not authenticated has spent nothing.
 *
 * @param ask one request and the judgement of its answer, failures as `OAuthFailure`.
 * @param mayAskAgain whether there is time for a second request; default: yes.
 * @throws StrongroomError `provider_misconfigured` without a secret; what `ask` throws.
 */
export type Authenticated = <T>(
  ask: (clientAuth: oauth.ClientAuth) => Promise<T>,
  mayAskAgain?: () => boolean,
) => Promise<T>;

/** The ways to authenticate at all providers, for the life of an instance. */
export function createAuthentication(): (provider: Provider) => Authenticated {
  /** The secret to begin with, by provider: the first of the settings until another one worked. */
  const preferred = new Map<string, string>();

  return (provider) =>
    async (ask, mayAskAgain = () => true) => {
      if (provider.clientAuthentication === 'none') return ask(oauth.None());
      const { id, clientSecrets } = provider;
      const secret = clientSecrets.find((one) => one === preferred.get(id)) ?? clientSecrets[0];
      if (secret === undefined) throw withoutSecret(id);
      try {
        return await ask(authBySecret(provider, secret));
      } catch (error) {
        const other = clientSecrets.find((one) => one !== secret);
        if (other === undefined || !isRefusedClient(error)) throw error;
        preferred.set(id, other);
        // The team's settings may well be right: no reason to stop asking for everybody.
        if (!mayAskAgain()) throw new OAuthFailure('transient');
        return askWithOther(provider, other, ask);
      }
    };

  async function askWithOther<T>(
    provider: Provider,
    secret: string,
    ask: (clientAuth: oauth.ClientAuth) => Promise<T>,
  ): Promise<T> {
    try {
      return await ask(authBySecret(provider, secret));
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

/** RFC 6749 §2.3.1. */
function authBySecret(provider: Provider, secret: string): oauth.ClientAuth {
  return provider.clientAuthentication === 'client_secret_post'
    ? oauth.ClientSecretPost(secret)
    : clientSecretBasic(secret);
}

/**
 * The library's own encodes "-", "_" and "." too, which servers that do not decode (they are many)
 * take for another client. RFC 6749 §2.3.1 reads both alike.
 */
function clientSecretBasic(secret: string): oauth.ClientAuth {
  return (_server, { client_id }, _body, headers) => {
    const pair = [client_id, secret].map(encodeURIComponent).join(':');
    headers.set('authorization', `Basic ${btoa(pair)}`);
  };
}

function withoutSecret(id: string): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    `The provider ${id} has no client secret. Add one: npm run providers -- rotate-secret ${id}`,
    { field: `providers.${id}.clientSecrets` },
  );
}
