import type { LongLivedToken } from '../providers/long-lived-schema.ts';
import type { WireRequest } from '../providers/quirks/quirk.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** Where a token request goes by its grant type, and what it looks like there. */
type Route = Partial<Omit<LongLivedToken, 'refresh'>>;

/** The endpoints to which token requests go, besides the token endpoint. */
export function routedEndpointsOf(provider: Provider): (string | undefined)[] {
  const { refreshEndpoint, longLivedToken } = routesIn(provider);
  return [refreshEndpoint, longLivedToken?.endpoint, longLivedToken?.refresh?.endpoint];
}

/** Where refresh tokens are spent, where that is not the token endpoint. */
export function refreshEndpointOf(provider: Provider): string | undefined {
  const { refreshEndpoint, longLivedToken } = routesIn(provider);
  return longLivedToken?.refresh?.endpoint ?? refreshEndpoint;
}

/** What the provider's data makes of a token request: another address, method or grant type. */
export function routed(provider: Provider, request: WireRequest): WireRequest {
  const route = routeOf(provider, request.parameters['grant_type']);
  if (route === undefined) return request;
  const { endpoint, method = request.method, authenticated = true } = route;
  return {
    url: endpoint === undefined ? request.url : new URL(endpoint),
    method,
    format: method === 'GET' ? 'query' : request.format,
    headers: authenticated ? request.headers : without(ofClientHeaders, request.headers),
    parameters: spending(
      route,
      authenticated ? request.parameters : without(ofClient, request.parameters),
    ),
  };
}

function routeOf(provider: Provider, grantType: string | undefined): Route | undefined {
  const { longLivedToken } = routesIn(provider);
  const endpoint = refreshEndpointOf(provider);
  if (grantType === 'refresh_token') {
    return { ...longLivedToken?.refresh, ...(endpoint !== undefined && { endpoint }) };
  }
  return grantType === longLivedToken?.grantType ? longLivedToken : undefined;
}

type Routes = Pick<Extract<Provider, { quirks: unknown }>, 'refreshEndpoint' | 'longLivedToken'>;

function routesIn(provider: Provider): Routes {
  return 'quirks' in provider ? provider : {};
}

/** A refresh by a grant of the provider's own; any other request stays as it is. */
function spending(
  { grantType, tokenParameter }: Route,
  parameters: WireRequest['parameters'],
): WireRequest['parameters'] {
  const { refresh_token: token, ...others } = parameters;
  return token === undefined || grantType === undefined || tokenParameter === undefined
    ? parameters
    : { ...others, grant_type: grantType, [tokenParameter]: token };
}

const ofClient = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];
const ofClientHeaders = ['authorization'];

function without(
  names: readonly string[],
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}
