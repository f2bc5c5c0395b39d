import * as oauth from 'oauth4webapi';
import { type AuthorizingParty, authorizing } from '../../src/oauth/authorizing-party.ts';
import { issuer, partyAnswering } from './parties.ts';

/** A request as the provider got it. */
export interface Asked {
  readonly path: string;
  readonly body: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
}

/** A provider that answers so, each in turn, and what it was asked. */
export function conversation(...answers: readonly (() => Response)[]) {
  const party = partyAnswering(() => Response.json({}));
  const asked: Asked[] = [];
  const answering: AuthorizingParty = {
    ...party,
    provider: authorizing(party.provider),
    server: {
      ...party.server,
      device_authorization_endpoint: `${issuer}/device`,
      revocation_endpoint: `${issuer}/revoke`,
      userinfo_endpoint: `${issuer}/userinfo`,
    },
    transport: {
      ...party.transport,
      [oauth.customFetch]: async (url, { body, headers }) => {
        const answer = answers[asked.length];
        const path = new URL(url).pathname;
        asked.push({ path, body: new URLSearchParams(String(body ?? '')), headers });
        return answer === undefined ? new Response(null, { status: 200 }) : answer();
      },
    },
  };
  return { party: answering, asked };
}
