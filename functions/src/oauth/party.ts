import * as oauth from 'oauth4webapi';
import type { Egress } from '../egress/egress.ts';
import { fetchThrough } from '../egress/fetch.ts';
import { memoiseByKey } from '../platform/memoise.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { type Authenticated, createAuthentication } from './client-authentication.ts';
import { asOAuthFailure } from './failure.ts';

/** Both sides of a conversation with a provider, as `oauth4webapi` wants them. */
export interface Party {
  readonly provider: Provider;
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authenticated: Authenticated;
  /** Spread into every request. */
  readonly transport: {
    readonly [oauth.customFetch]: ReturnType<typeof fetchThrough>;
    readonly [oauth.allowInsecureRequests]: boolean;
  };
}

/**
 * Finds a provider's endpoints and our way to authenticate there.
 *
 * @throws OAuthFailure where discovery gets no usable answer; StrongroomError
 *   `provider_misconfigured`.
 */
export type PartyFinder = (provider: Provider) => Promise<Party>;

/** Limit of one request to a provider. The refresh lease outlives it: `refresh/lease.ts`. */
export const providerTimeoutMs = 10_000;
/** What is taken must fit, sealed, into a document of Firestore: 1 MiB. */
const providerMaxBytes = 250_000;
/** How far a provider's clock may be from ours when its ID tokens are judged. */
const clockToleranceSeconds = 5 * 60;

interface PartyOptions {
  readonly egress: Egress;
  /** Plain http to this machine; sandbox only. */
  readonly allowLoopback: boolean;
  /** Default, and at most: `providerTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** Finds what a conversation with a provider needs. See `PartyFinder`. */
export function createPartyFinder({
  egress,
  allowLoopback,
  timeoutMs = providerTimeoutMs,
}: PartyOptions): PartyFinder {
  const limits = { timeoutMs, maxBytes: providerMaxBytes };
  const transportTo = (urls: readonly (string | undefined)[]) => {
    const origins = urls.flatMap((url) => URL.parse(url ?? '')?.origin ?? []);
    return {
      [oauth.customFetch]: fetchThrough(egress, limits, origins),
      [oauth.allowInsecureRequests]: allowLoopback,
    };
  };
  const authenticated = createAuthentication();
  // OpenID Connect Discovery 1.0 §4; kept for the life of the instance.
  const discover = memoiseByKey(async (issuer: string): Promise<oauth.AuthorizationServer> => {
    try {
      const url = new URL(issuer);
      const answer = await oauth.discoveryRequest(url, transportTo([issuer]));
      return await oauth.processDiscoveryResponse(url, answer);
    } catch (error) {
      throw asOAuthFailure(error);
    }
  });

  return async (provider) => {
    const server = provider.kind === 'oidc' ? await discover(provider.issuer) : serverOf(provider);
    return {
      provider,
      server,
      client: { client_id: provider.clientId, [oauth.clockTolerance]: clockToleranceSeconds },
      authenticated: authenticated(provider),
      transport: transportTo([server.token_endpoint, server.revocation_endpoint]),
    };
  };
}

function serverOf(provider: Extract<Provider, { kind: 'oauth2' }>): oauth.AuthorizationServer {
  return {
    // RFC 8414 asks for an issuer; where a plain OAuth 2.0 provider names none, its origin serves.
    issuer: provider.issuer ?? new URL(provider.authorizationEndpoint).origin,
    authorization_endpoint: provider.authorizationEndpoint,
    token_endpoint: provider.tokenEndpoint,
    ...(provider.revocationEndpoint && { revocation_endpoint: provider.revocationEndpoint }),
    ...(provider.userinfoEndpoint && { userinfo_endpoint: provider.userinfoEndpoint }),
    authorization_response_iss_parameter_supported: provider.sendsIssuer,
  };
}
