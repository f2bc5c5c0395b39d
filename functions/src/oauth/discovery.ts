import * as oauth from 'oauth4webapi';
import { memoiseByKey } from '../platform/memoise.ts';
import type { IssuerNames } from '../providers/quirks/quirk.ts';
import { quirksOf } from '../providers/quirks/quirks.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { asOAuthFailure, OAuthFailure } from './failure.ts';
import { membersOf } from './token-answer.ts';

/** The library has it for an issuer that is not the same for each token, and does not describe it. */
declare module 'oauth4webapi' {
  export const _expectedIssuer: unique symbol;
  interface AuthorizationServer {
    /** The issuer that a JWT with these claims must name. */
    [_expectedIssuer]?: (jwt: { readonly claims: Readonly<Record<string, unknown>> }) => string;
  }
}

/**
 * Asks an issuer for its metadata (OpenID Connect Discovery 1.0 §4); kept for the life of the instance.
 *
 * @throws OAuthFailure, also where it names another issuer than it may.
 */
export type Discover = (issuer: string, provider: Provider) => Promise<oauth.AuthorizationServer>;

/** @param requestTo what sends requests to that issuer and nobody else. */
export function createDiscovery(
  requestTo: (urls: readonly string[]) => oauth.HttpRequestOptions<'GET'>,
): Discover {
  const discoverers = new Map<IssuerNames | undefined, ReturnType<typeof discovererOf>>();
  const discovererOf = (names: IssuerNames | undefined) =>
    memoiseByKey(async (issuer: string) => {
      try {
        return await discovered(issuer, names, requestTo([issuer]));
      } catch (error) {
        throw asOAuthFailure(error);
      }
    });
  return (issuer, provider) => {
    const names = issuerNamesOf(provider);
    const discover = discoverers.get(names) ?? discovererOf(names);
    discoverers.set(names, discover);
    return discover(issuer);
  };
}

async function discovered(
  issuer: string,
  names: IssuerNames | undefined,
  options: oauth.HttpRequestOptions<'GET'>,
): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  const answer = await oauth.discoveryRequest(url, options);
  if (names === undefined) return oauth.processDiscoveryResponse(url, answer);
  const told = (await membersOf(answer.clone()))?.['issuer'];
  const isRight = typeof told === 'string' && names.isDiscovered(told, issuer);
  const expected = isRight ? new URL(told) : url;
  const server = await oauth.processDiscoveryResponse(expected, answer);
  return {
    ...server,
    [oauth._expectedIssuer]: ({ claims }) => {
      const named = names.ofToken(claims, server.issuer);
      if (named === undefined) throw new OAuthFailure('invalid');
      return named;
    },
  };
}

/** How the provider's issuer is named, where not by one name alone. */
export function issuerNamesOf(provider: Provider): IssuerNames | undefined {
  return quirksOf(provider).find(({ issuer }) => issuer !== undefined)?.issuer;
}
