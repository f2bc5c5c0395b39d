import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import { type Behaviour, isAuthorizing, sampled } from './behaviour.ts';
import { offersRevocation, simulate } from './simulate.ts';
import { lifetimeOf } from './token-answer.ts';

/** What every connection goes through. */
export const steps = [
  'connect',
  'call',
  'refresh',
  'refresh again',
  'revoke',
  'call after',
] as const;

export type Step = (typeof steps)[number];

/** What a step comes to. `done`: it works; anything else: there is nothing to do, and why. */
export const outcomes = {
  done: 'works as the data says',
  key: 'it is the user’s own key: nobody gives another, or takes it back',
  endless: 'access tokens do not expire',
  consent: 'no refresh token: the user connects again when the token has expired',
  untold: 'the provider says by discovery whether a grant can be ended; its data does not',
  'not offered': 'no endpoint is known by which a grant could be ended',
} as const;

export type Outcome = keyof typeof outcomes;

/** What an entry promises of each step. */
export type Promises = Readonly<Record<Step, Outcome>>;

/** By its data and samples alone. */
export function promisesOf(entry: Entry): Promises {
  const here = 'http://127.0.0.1';
  return promisesIn(simulate(entry, { origin: here, redirectUri: here }).behaviour);
}

export function promisesIn(behaviour: Behaviour): Promises {
  const refresh = refreshOf(behaviour);
  const { kind } = behaviour.provider;
  const isKey = kind === 'api-key' || kind === 'basic';
  const unknown = kind === 'oidc' ? 'untold' : 'not offered';
  const revoke = offersRevocation(behaviour) ? 'done' : unknown;
  return {
    connect: 'done',
    call: 'done',
    refresh,
    'refresh again': refresh,
    revoke: isKey ? 'key' : revoke,
    'call after': 'done',
  };
}

function refreshOf({ provider, samples }: Behaviour): Outcome {
  const { kind } = provider;
  if (kind === 'api-key' || kind === 'basic') return 'key';
  const isSpent = provider.quirks.includes('refresh-with-access-token');
  const hasToken = Boolean(sampled(provider, samples.token, 'refresh_token'));
  if (!isAuthorizing(provider) || isSpent || hasToken) return 'done';
  return lifetimeOf({ provider, samples }) === undefined ? 'endless' : 'consent';
}
