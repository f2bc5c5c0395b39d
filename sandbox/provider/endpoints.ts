/** The parts of the provider that faults and counters name. */
export const endpoints = [
  'authorization',
  'pushedAuthorization',
  'token',
  'revocation',
  'introspection',
  'userinfo',
  'device',
  'discovery',
  'api',
] as const;

export type Endpoint = (typeof endpoints)[number];

const exact: Readonly<Record<string, Endpoint>> = {
  '/auth': 'authorization',
  '/request': 'pushedAuthorization',
  '/token': 'token',
  '/token/revocation': 'revocation',
  '/token/introspection': 'introspection',
  '/me': 'userinfo',
  '/device/auth': 'device',
  '/jwks': 'discovery',
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
};

/** Which endpoint a path belongs to, if any. */
export function endpointOf(path: string): Endpoint | undefined {
  return exact[path] ?? (path.startsWith('/api/') ? 'api' : undefined);
}
