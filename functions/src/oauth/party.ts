import type { JWTVerifyGetKey } from 'jose';
import * as oauth from 'oauth4webapi';
import type { ClientCertificate } from '../egress/certificate.ts';
import type { Egress } from '../egress/egress.ts';
import { fetchThrough } from '../egress/fetch.ts';
import { createKeyLoader } from '../identity/issuer-keys.ts';
import { createKeySet } from '../identity/key-set.ts';
import { systemClock } from '../platform/clock.ts';
import { located } from '../providers/located.ts';
import type { IssuerNames } from '../providers/quirks/quirk.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { type Authenticated, createAuthentication } from './client-authentication.ts';
import { createDiscovery, issuerNamesOf } from './discovery.ts';
import { type Credentials, registrationOf } from './registration.ts';
import { serverOf } from './server.ts';
import { tenantKeys } from './tenant-keys.ts';
import { wired } from './wire.ts';
import { routedEndpointsOf } from './wire-route.ts';

/** Both sides of a conversation with a provider, as `oauth4webapi` wants them. */
export interface Party {
  /** With what the connection's user said in its endpoints. */
  readonly provider: Provider;
  /** As in `PartyOf`. */
  readonly extra?: PartyOf['extra'];
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authenticated: Authenticated;
  /** What verifies its ID tokens, where it names its keys. */
  readonly idTokenKeys?: JWTVerifyGetKey;
  /** Spread into every request. */
  readonly transport: {
    readonly [oauth.customFetch]: ReturnType<typeof fetchThrough>;
    readonly [oauth.allowInsecureRequests]: boolean;
  };
}

/**
 * Finds a provider's endpoints and our way to authenticate there.
 *
 * @param of the connection that it is about.
 * @throws OAuthFailure where discovery gets no usable answer; StrongroomError
 *   `provider_misconfigured`, `invalid_argument` where what its user gave leads astray.
 */
export type PartyFinder = (provider: Provider, of?: PartyOf) => Promise<Party>;

/** What of a connection tells where its provider is, and who asks there. */
export interface PartyOf {
  /** Where its user brought credentials of his own. */
  readonly credentials?: Credentials | undefined;
  /** What is kept with its tokens; what its user said of the provider's variables is among it. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

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
  const transportTo = (
    urls: readonly (string | undefined)[],
    certificate?: ClientCertificate | undefined,
  ) => {
    const origins = urls.flatMap((url) => URL.parse(url ?? '')?.origin ?? []);
    return {
      [oauth.customFetch]: fetchThrough(egress, limits, origins, certificate),
      [oauth.allowInsecureRequests]: allowLoopback,
    };
  };
  const wiredTransport = (
    provider: Provider,
    server: oauth.AuthorizationServer,
    clientId = provider.id,
    certificate?: ClientCertificate | undefined,
  ) => {
    const urls = [...endpointsOf(server), ...routedEndpointsOf(provider)];
    const transport = transportTo(urls, certificate);
    const fetch = transport[oauth.customFetch];
    const now = () => systemClock.now();
    return { ...transport, [oauth.customFetch]: wired(fetch, { provider, server, clientId, now }) };
  };
  const authenticated = createAuthentication();
  const discover = createDiscovery((urls) => transportTo(urls));
  const keySets = new Map<string, JWTVerifyGetKey>();
  const keysOf = (
    { issuer, jwks_uri: jwksUri }: oauth.AuthorizationServer,
    names: IssuerNames | undefined,
  ) => {
    if (jwksUri === undefined) return {};
    const id = names === undefined ? jwksUri : `${jwksUri} by tenant`;
    const fetch = transportTo([jwksUri])[oauth.customFetch];
    const loadKeys = createKeyLoader({ issuer, jwksUri, fetch });
    const idTokenKeys =
      keySets.get(id) ?? createKeySet(loadKeys, systemClock, names && tenantKeys(names));
    keySets.set(id, idTokenKeys);
    return { idTokenKeys };
  };

  return async (anywhere, { credentials, extra } = {}) => {
    const provider = located(anywhere, extra);
    const server = await serverOf(provider, credentials, (issuer) => discover(issuer, provider));
    const { clientId, certificate } = registrationOf(provider, credentials);
    return {
      provider,
      ...(extra !== undefined && { extra }),
      server,
      client: {
        // Where nobody is told who asks, the library wants a name all the same.
        client_id: clientId ?? provider.id,
        use_mtls_endpoint_aliases: certificate !== undefined,
        [oauth.clockTolerance]: clockToleranceSeconds,
      },
      authenticated: authenticated(provider, credentials),
      ...keysOf(server, issuerNamesOf(provider)),
      transport: wiredTransport(provider, server, clientId, certificate),
    };
  };
}

/** Where a token, a secret or an assertion may be sent. */
function endpointsOf({ mtls_endpoint_aliases: aliases, ...server }: oauth.AuthorizationServer) {
  return [server, aliases].flatMap((one) => [
    one?.token_endpoint,
    one?.revocation_endpoint,
    one?.introspection_endpoint,
    one?.pushed_authorization_request_endpoint,
    one?.device_authorization_endpoint,
    one?.userinfo_endpoint,
  ]);
}
