import { givesTokens } from './behaviour.ts';
import { discoveredEndpoints } from './discovery.ts';
import type { SimulatedRequest } from './request.ts';
import { isRevocation } from './revocation.ts';
import type { Simulation } from './simulation.ts';

/** What a request may be for. */
export type Endpoint =
  | 'discovery'
  | 'keys'
  | 'authorization'
  | 'token'
  | 'refresh'
  | 'exchange'
  | 'renewal'
  | 'revocation'
  | 'introspection'
  | 'userinfo'
  | 'profile'
  | 'verify'
  | 'lookup'
  | 'api';

/** What this request is for; the API where its address is of no endpoint. */
export function endpointOf(simulation: Simulation, request: SimulatedRequest): Endpoint {
  const found = addressesOf(simulation).filter(([, address]) => leadsTo(request, address));
  const named = found.map(([name]) => name);
  // One address may serve several ends.
  if (named.includes('revocation') && (named.length === 1 || isRevocation(simulation, request))) {
    return 'revocation';
  }
  return named.find((name) => name !== 'revocation') ?? 'api';
}

function addressesOf(simulation: Simulation): readonly (readonly [Endpoint, string])[] {
  const { provider } = simulation;
  const discovered = discoveredEndpoints(simulation);
  const all: Partial<Record<Endpoint, string | undefined>> = {
    authorization: discovered?.authorization,
    token: discovered?.token,
    keys: discovered?.jwks,
    // One address may be both, and then its answer is of more use as the first.
    lookup: provider.lookup?.endpoint,
    userinfo: discovered?.userinfo,
    profile: belowApi(provider.apiBaseUrl, provider.profile?.endpoint),
    ...('issuer' in provider &&
      provider.issuer !== undefined && {
        discovery: `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      }),
    ...('verify' in provider && {
      verify: belowApi(provider.apiBaseUrl, provider.verify?.path),
    }),
  };
  if (provider.kind === 'oauth2') {
    all.authorization = provider.authorizationEndpoint;
    all.userinfo = provider.userinfoEndpoint;
    all.keys = provider.jwksUri;
  }
  if (givesTokens(provider)) {
    all.introspection = provider.introspectionEndpoint;
    all.revocation = provider.revocationEndpoint ?? discovered?.revocation;
    all.refresh = provider.refreshEndpoint;
    all.exchange = provider.longLivedToken?.endpoint;
    all.renewal = provider.longLivedToken?.refresh?.endpoint;
    if ('tokenEndpoint' in provider) all.token = provider.tokenEndpoint ?? discovered?.token;
  }
  return Object.entries(all).flatMap(([name, address]) =>
    address !== undefined && isEndpoint(name) ? [[name, address] as const] : [],
  );
}

const endpoints: ReadonlySet<string> = new Set<Endpoint>([
  'discovery',
  'keys',
  'authorization',
  'token',
  'refresh',
  'exchange',
  'renewal',
  'revocation',
  'introspection',
  'userinfo',
  'profile',
  'verify',
  'lookup',
]);

function isEndpoint(name: string): name is Endpoint {
  return endpoints.has(name);
}

function belowApi(base: string, endpoint: string | undefined): string | undefined {
  return endpoint?.startsWith('/') ? base.replace(/\/$/, '') + endpoint : endpoint;
}

/** Whether the path is that of an address in which `{name}` stands for a segment or a part of one. */
function leadsTo({ path }: SimulatedRequest, address: string): boolean {
  const [location = ''] = address.split(/[?#]/);
  // A field may stand for all before the path, be it an origin or the API's base.
  const own = location.replace(/^(?:https?:\/\/[^/]+|\{\w+\})/, '');
  const pattern = own
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/]+');
  const anywhere = location.startsWith('{') ? '(?:/[^/]+)*?' : '';
  return new RegExp(`^${anywhere}${pattern}$`).test(path);
}
