import { EgressError, type IncomingAnswer, type OutgoingRequest } from '../../src/egress/egress.ts';
import { refusalOf } from '../../src/egress/outgoing.ts';
import { exchangeCode, validateResponse } from '../../src/oauth/authorization-code.ts';
import { type AuthorizingParty, authorizing } from '../../src/oauth/authorizing-party.ts';
import { createPartyFinder, type Party } from '../../src/oauth/party.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import type { TokenAnswer } from '../../src/oauth/token-set.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSettingsReader } from '../../src/providers/settings.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';

export const issuer = 'https://one.example';
export const redirectUri = 'https://app.example/oauth/callback';

/** A request as it left. */
export interface OnWire {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What comes back: an object as JSON, text as it is. */
export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A provider of the team's settings, as the vault reads it. */
export function providerWith(entry: object): Promise<Provider> {
  const payload = Buffer.from(
    JSON.stringify({
      app: { redirectUri, returnTo: ['https://app.example/'] },
      providers: {
        one: {
          kind: 'oauth2',
          name: 'One',
          authorizationEndpoint: `${issuer}/authorize`,
          tokenEndpoint: `${issuer}/token`,
          clientId: 'our client',
          clientSecrets: ['our secret'],
          clientAuthentication: 'client_secret_post',
          apiBaseUrl: `${issuer}/api`,
          ...entry,
        },
      },
    }),
  );
  return createSettingsReader({
    secrets: { access: async () => ({ payload, version: '1' }), newestEnabled: async () => '1' },
    secretId: 'providers',
    clock: systemClock,
    allowLoopbackHttp: false,
  }).provider('one');
}

/**
 * A real conversation down to the door to the outside, where each request is answered in turn; the
 * last answer, for good.
 */
export async function wiredParty(entry: object, ...answers: readonly Answered[]) {
  const sent: OnWire[] = [];
  const egress = async (request: OutgoingRequest): Promise<IncomingAnswer> => {
    const reason = refusalOf(request, false);
    if (reason !== undefined) throw new EgressError('refused', 'no', reason);
    const { url, method, headers, body } = request;
    sent.push({ url: url.href, method, headers, body: body === undefined ? body : String(body) });
    return incoming(answers[sent.length - 1] ?? answers.at(-1) ?? {});
  };
  const find = createPartyFinder({ egress, allowLoopback: false });
  const party = await find(await providerWith(entry));
  return { party, sent };
}

function incoming({ status = 200, headers = {}, body = {} }: Answered): IncomingAnswer {
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain' : 'application/json';
  return {
    status,
    headers: { 'content-type': type, ...headers },
    body: new TextEncoder().encode(isText ? body : JSON.stringify(body)),
  };
}

/** Refreshes with the refresh token `old refresh`. */
export async function refreshed(entry: object, ...answers: readonly Answered[]) {
  const { party, sent } = await wiredParty(entry, ...answers);
  const answer = await spendRefreshToken(party, { refreshToken: 'old refresh' });
  return { answer, sent };
}

/** Exchanges the code `a code`. */
export async function exchanged(entry: object, ...answers: readonly Answered[]) {
  const { party, sent } = await wiredParty(entry, ...answers);
  return { answer: await exchangeAt(party), sent };
}

/** The same at a party that is there already. */
export async function exchangeAt(party: Party): Promise<TokenAnswer> {
  const by: AuthorizingParty = { ...party, provider: authorizing(party.provider) };
  const parameters = validateResponse(by, { state: 'state', code: 'a code' });
  return (await exchangeCode(by, parameters, redirectUri, {})).answer;
}

/** The parameters of a body, or of an address. */
export function parametersOf({ url, body }: Pick<OnWire, 'url' | 'body'>): Record<string, string> {
  return Object.fromEntries(body === undefined ? new URL(url).searchParams : form(body));
}

function form(body: string): URLSearchParams {
  return body.startsWith('{')
    ? new URLSearchParams(Object.entries(JSON.parse(body)))
    : new URLSearchParams(body);
}
