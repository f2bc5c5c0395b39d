import * as oauth from 'oauth4webapi';
import * as v from 'valibot';
import type { Party } from '../../src/oauth/party.ts';
import { settingsSchema } from '../../src/providers/settings-schema.ts';

export const issuer = 'https://one.example';
export const clientId = 'client';

/** A conversation in which every request is answered so. */
export function partyAnswering(answer: () => Response, life: object = {}): Party {
  const settings = v.parse(settingsSchema, {
    app: { redirectUri: 'https://app.example/oauth/callback', returnTo: ['https://app.example/'] },
    providers: {
      one: {
        kind: 'oauth2',
        name: 'One',
        issuer,
        authorizationEndpoint: `${issuer}/authorize`,
        tokenEndpoint: `${issuer}/token`,
        clientId,
        clientAuthentication: 'none',
        apiBaseUrl: `${issuer}/api`,
        life,
      },
    },
  });
  const provider = settings.providers['one'];
  if (provider === undefined) throw new Error('unreachable');
  return {
    provider: { ...provider, id: 'one' },
    server: { issuer, token_endpoint: `${issuer}/token` },
    client: { client_id: clientId },
    authenticated: (ask) => ask(oauth.None()),
    transport: {
      [oauth.customFetch]: () => Promise.resolve(answer()),
      [oauth.allowInsecureRequests]: false,
    },
  };
}

/** An ID token that says so; nobody looks at its signature, since it comes from the provider. */
export function idTokenWith(claims: object): string {
  const now = Math.floor(Date.now() / 1_000);
  const standard = { iss: issuer, aud: clientId, sub: 'ada', iat: now, exp: now + 3_600 };
  const parts = [{ alg: 'RS256' }, { ...standard, ...claims }, 'signature'];
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}
