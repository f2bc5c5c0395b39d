import { StrongroomError } from '../errors.ts';

/** A limit that is reached. */
export interface Refusal {
  /** `provider`: it told us so itself. */
  readonly policy: 'per-user' | 'per-user-concurrent' | 'all-users' | 'provider';
  readonly quota?: number;
  readonly windowSeconds?: number;
  /** When another attempt makes sense, in milliseconds from now. */
  readonly afterMs: number;
}

const messages: Readonly<Record<Refusal['policy'], (quota: number | undefined) => string>> = {
  'per-user': (quota) => `You may make ${quota} requests to this provider in a minute.`,
  'per-user-concurrent': (quota) =>
    `You may have ${quota} calls to this provider under way at once. Wait until one has ended.`,
  'all-users': () =>
    'All users of this app together have used up what it may ask of this provider in a minute.',
  provider: () => 'The provider asked for a pause (429).',
};

/** What the caller is told. */
export function refusalOf({ policy, quota, windowSeconds, afterMs }: Refusal): StrongroomError {
  const retryAfterSeconds = Math.max(1, Math.ceil(afterMs / 1_000));
  const limit = {
    policy,
    ...(quota !== undefined && { quota }),
    ...(windowSeconds !== undefined && { windowSeconds }),
  };
  const message = `${messages[policy](quota)} Try again in ${retryAfterSeconds} s.`;
  return new StrongroomError('rate_limited', message, { retryAfterSeconds, limit });
}
