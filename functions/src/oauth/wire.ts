import type { AuthorizationServer } from 'oauth4webapi';
import type { fetchThrough } from '../egress/fetch.ts';
import type { QuirkContext, SendTokenRequest, WireRequest } from '../providers/quirks/quirk.ts';
import { quirksOf } from '../providers/quirks/quirks.ts';
import { redirectUriKnownTo } from '../providers/redirect-uri.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { parameterNamesOf, tokenParameterNamesOf } from './renamed.ts';
import { responseOf, wireAnswerOf } from './wire-answer.ts';
import { fetchArguments, parametersIn } from './wire-request.ts';
import { routed, routedEndpointsOf } from './wire-route.ts';

type Fetch = ReturnType<typeof fetchThrough>;

interface Wired {
  readonly provider: Provider;
  readonly server: AuthorizationServer;
  readonly clientId: string;
  /** Milliseconds since the epoch, where an answer does not say when it was given. */
  readonly now: () => number;
}

/**
 * What stands between the protocol and the door to the outside: requests in the standards' words become
 * what the provider takes, and its answers what the standards say, as its data tells. Token requests
 * pass its quirks, the first outermost; then they get their address and the provider's names.
 *
 * @returns `fetch` itself where the provider differs in nothing.
 */
export function wired(fetch: Fetch, { provider, server, clientId, now }: Wired): Fetch {
  if (isStandard(provider)) return fetch;
  const context: QuirkContext = {
    clientId,
    redirectUri: redirectUriKnownTo(provider, provider.redirectUri),
    now,
  };
  const endpoints = tokenEndpointsOf(server);
  return async (url, init) => {
    // Only the protocol's own requests come as a form that can still be changed.
    if (!(init.body instanceof URLSearchParams)) return fetch(url, init);
    const { first: parameters, further } = parametersIn(init.body);
    const { headers } = init;
    const asked = {
      url: new URL(url),
      method: 'POST',
      headers,
      parameters,
      format: 'form',
    } as const;
    const isTokenRequest = endpoints.has(url) && parameters['grant_type'] !== undefined;
    const namesOf = isTokenRequest ? tokenParameterNamesOf : parameterNamesOf;
    const toWire = (request: WireRequest) =>
      fetch(...fetchArguments(request, further, namesOf(provider)));
    if (!isTokenRequest) return toWire(asked);
    const sendRouted: SendTokenRequest = async (request) =>
      wireAnswerOf(await toWire(routed(provider, request)), provider, now);
    const send = quirksOf(provider).reduceRight(
      (next, quirk) => quirk.token?.(next, context) ?? next,
      sendRouted,
    );
    return responseOf(await send(asked));
  };
}

function isStandard(provider: Provider): boolean {
  if (!('quirks' in provider)) return true;
  const { answerPaths, bearerNames } = provider;
  return (
    quirksOf(provider).every(({ token }) => token === undefined) &&
    Object.keys({ ...tokenParameterNamesOf(provider), ...answerPaths }).length === 0 &&
    bearerNames.length === 0 &&
    routedEndpointsOf(provider).every((endpoint) => endpoint === undefined) &&
    provider.longLivedToken === undefined
  );
}

function tokenEndpointsOf({ token_endpoint, mtls_endpoint_aliases }: AuthorizationServer) {
  const endpoints = [token_endpoint, mtls_endpoint_aliases?.token_endpoint];
  return new Set(endpoints.flatMap((endpoint) => URL.parse(endpoint ?? '')?.href ?? []));
}
