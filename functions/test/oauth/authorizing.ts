import * as oauth from 'oauth4webapi';
import type { AuthorizingParty } from '../../src/oauth/authorizing-party.ts';
import { parseSettings } from '../../src/providers/settings.ts';

export const issuer = 'https://one.example';
export const clientId = 'client';
export const redirectUri = 'https://app.example/oauth/callback';

/** A request as it went to the provider. */
export interface Sent {
  readonly url: string;
  readonly body: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
}

interface Options {
  /** Of the provider's settings. */
  readonly settings?: object;
  readonly server?: Partial<oauth.AuthorizationServer>;
  readonly party?: Partial<AuthorizingParty>;
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
}

/** A conversation with an OpenID provider that answers so, and all that is sent in it. */
export function authorizingParty({ settings = {}, server, party, answer }: Options = {}) {
  const sent: Sent[] = [];
  const document = {
    app: { redirectUri, returnTo: ['https://app.example/'] },
    providers: {
      one: {
        kind: 'oidc',
        name: 'One',
        issuer,
        clientId,
        clientAuthentication: 'none',
        scopes: ['openid', 'read'],
        apiBaseUrl: `${issuer}/api`,
        ...settings,
      },
    },
  };
  const parsed = parseSettings(Buffer.from(JSON.stringify(document)), false).providers['one'];
  if (parsed?.kind !== 'oidc' && parsed?.kind !== 'oauth2') throw new Error('unreachable');
  const conversation: AuthorizingParty = {
    provider: { ...parsed, id: 'one' },
    server: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      ...server,
    },
    client: { client_id: clientId, [oauth.clockTolerance]: 300 },
    authenticated: (ask) => ask(oauth.None()),
    transport: {
      [oauth.customFetch]: async (url, { body, headers }) => {
        const request = { url, headers, body: new URLSearchParams(String(body)) };
        sent.push(request);
        if (answer === undefined) throw new Error(`Nothing is to be sent to ${url}.`);
        return answer(request);
      },
      [oauth.allowInsecureRequests]: false,
    },
    ...party,
  };
  return { party: conversation, sent };
}
