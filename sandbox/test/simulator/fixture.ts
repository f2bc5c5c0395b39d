import { createHash, randomBytes } from 'node:crypto';
import type { Entry } from '../../../functions/src/providers/entry-schema.ts';
import { visit } from '../../simulator/browser.ts';
import { parseEntry } from '../../simulator/catalogue-entry.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';

export const redirectUri = 'http://127.0.0.1:1/oauth/callback';

const token = { access_token: 'invented', token_type: 'Bearer', expires_in: 3_600 };

/** A plain OAuth 2.0 provider with refresh tokens, changed as a test wants it. */
export function entryOf(provider: object = {}, samples: object = {}): Entry {
  const answer = { body: { ...token, refresh_token: 'invented-refresh' } };
  return parseEntry('fixture', {
    name: 'Fixture',
    status: 'from documentation',
    provider: {
      kind: 'oauth2',
      authorizationEndpoint: 'https://login.example.com/authorize',
      tokenEndpoint: 'https://login.example.com/token',
      apiBaseUrl: 'https://api.example.com/v1',
      scopes: ['read', 'write'],
      ...provider,
    },
    samples: { token: answer, refresh: answer, ...samples },
    sources: [{ url: 'https://example.com/docs', readAt: '2026-11-22', facts: ['everything'] }],
  });
}

/** A simulated provider, its time, and a client that does as it is told. */
export interface Fixture {
  readonly simulator: Simulator;
  /** Moves the provider's time on. */
  advance(seconds: number): void;
  /** The authorization request that is right, with changes; a parameter that is null is left out. */
  authorize(change?: Change): Promise<Response>;
  /** Its code. */
  code(change?: Change): Promise<string>;
  /** The token request that is right, by Basic, with changes. */
  post(change?: Change, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Tokens for a new code. */
  tokens(): Promise<Readonly<Record<string, string>>>;
  refresh(refreshToken: string, change?: Change): Promise<Response>;
  call(headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>;
}

type Change = Readonly<Record<string, string | null>>;

const started: Simulator[] = [];

/** To be called in `afterEach`. */
export async function stopAll(): Promise<void> {
  await Promise.all(started.splice(0).map((simulator) => simulator.stop()));
}

export async function start(entry: Entry): Promise<Fixture> {
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const simulator = await startSimulator(entry, { redirectUri, now });
  started.push(simulator);
  const { url, behaviour } = simulator;
  const { clientId, clientSecret } = behaviour.registration;
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;

  const asked = (change: Change) => {
    const { scopes, scopeSeparator } = behaviour.provider;
    return changed(
      {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        state: 'x'.repeat(43),
        scope: scopes.join(scopeSeparator),
        code_challenge: challenge,
        code_challenge_method: 'S256',
      },
      change,
    );
  };
  const at = (change: Change) => `${url}/login.example.com/authorize?${asked(change)}`;
  const send = (body: URLSearchParams, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${url}/login.example.com/token`, {
      method: 'POST',
      headers: { authorization: basic, ...headers },
      body,
    });
  const code = async (change: Change = {}) => (await visit(at(change))).get('code') ?? '';
  const post = async (change: Change = {}, headers?: Readonly<Record<string, string>>) => {
    const right = {
      grant_type: 'authorization_code',
      code: 'code' in change ? '' : await code(),
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    return send(changed(right, change), headers);
  };
  return {
    simulator,
    advance(seconds) {
      aheadMs += seconds * 1_000;
    },
    authorize: (change = {}) => fetch(at(change), { redirect: 'manual' }),
    code,
    post,
    tokens: () => toldBy(post()),
    refresh: (refreshToken, change = {}) =>
      send(changed({ grant_type: 'refresh_token', refresh_token: refreshToken }, change)),
    call: (headers = {}, path = '/me') => fetch(`${url}/api.example.com/v1${path}`, { headers }),
  };
}

function changed(right: Readonly<Record<string, string>>, change: Change): URLSearchParams {
  const all = Object.entries({ ...right, ...change });
  const parameters = new URLSearchParams();
  for (const [name, value] of all) if (value !== null) parameters.set(name, value);
  return parameters;
}

/** The members of a JSON answer. */
export async function toldBy(
  answer: Response | Promise<Response>,
): Promise<Readonly<Record<string, string>>> {
  return Object(await (await answer).json());
}

/** The code of a refusal (RFC 6749 §5.2), with its status. */
export async function refusalOf(answer: Response | Promise<Response>): Promise<string> {
  const { status } = await answer;
  return `${status} ${(await toldBy(answer))['error']}`;
}

export const bearer = (accessToken = '') => ({ authorization: `Bearer ${accessToken}` });
