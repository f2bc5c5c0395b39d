import { memberOf } from '../../functions/src/platform/member.ts';
import type { Sample } from '../../functions/src/providers/entry-schema.ts';
import { type SimulatedAnswer, sampleAnswer } from './answer.ts';
import { placeOf, sampled } from './behaviour.ts';
import type { Grant } from './grants.ts';
import { newIdToken } from './id-token.ts';
import { withMember } from './member.ts';
import type { Simulation } from './simulation.ts';

/** What a token request comes to. */
export interface Given {
  readonly grant: Grant;
  /** The refresh token that is good from now on, where the provider gives one. */
  readonly refreshToken?: string | undefined;
  readonly nonce?: string | undefined;
  /** An ID token is given where the sample has one, and here in any case. */
  readonly withIdToken?: boolean;
  /** Of the access token, in seconds. Default: as the sample tells. */
  readonly seconds?: number | undefined;
}

/** The sample of a token answer with new tokens in the place of its invented ones. */
export async function tokenAnswer(
  simulation: Simulation,
  sample: Sample,
  given: Given,
): Promise<SimulatedAnswer> {
  const { provider, grants } = simulation;
  const { grant, refreshToken, nonce, withIdToken = false } = given;
  const { seconds = lifetimeOf(simulation, sample) } = given;
  const accessToken = grants.newAccessToken(grant, seconds);
  const hasIdToken = sampled(provider, sample, 'id_token') !== undefined;
  const idToken = hasIdToken || withIdToken ? await newIdToken(simulation, nonce) : undefined;
  const told: Readonly<Record<string, unknown>> = {
    access_token: accessToken,
    refresh_token: refreshToken,
    id_token: idToken,
    expires_in: given.seconds ?? sampled(provider, sample, 'expires_in'),
    expires_at: endLike(simulation, sampled(provider, sample, 'expires_at'), seconds),
  };
  const members = [
    'access_token',
    'refresh_token',
    'id_token',
    'expires_in',
    'expires_at',
  ] as const;
  const filled = members.reduce<unknown>(
    (body, member) =>
      sampled(provider, { ...sample, body }, member) === null
        ? body
        : withMember(body, placeOf(provider, sample.body, member), told[member]),
    sample.body,
  );
  const body =
    idToken !== undefined && !hasIdToken && typeof filled === 'object'
      ? { ...filled, id_token: idToken }
      : filled;
  remember(simulation, grant, sample);
  return sampleAnswer(sample, body);
}

/** Fields of the answer that the API will want to see again. */
function remember({ provider }: Simulation, grant: Grant, { body }: Sample): void {
  for (const name of provider.keep) {
    const value = memberOf(body, placeOf(provider, body, name));
    if (typeof value === 'string' || typeof value === 'number') grant.fields[name] = String(value);
  }
}

/** Of an access token, in seconds, as the answer tells, or `life` does. */
export function toldLifetimeOf(
  { provider, samples }: Pick<Simulation, 'provider' | 'samples'>,
  sample: Sample | undefined = samples.token,
): number | undefined {
  const told = Number(sampled(provider, sample, 'expires_in') ?? 0);
  return told >= 1 ? told : provider.life.accessTokenSeconds;
}

/** Of an access token, in seconds, for as long as it lives here; undefined: it does not expire. */
export function lifetimeOf(
  { provider, samples }: Pick<Simulation, 'provider' | 'samples'>,
  sample: Sample | undefined = samples.token,
): number | undefined {
  const told = toldLifetimeOf({ provider, samples }, sample);
  if (told !== undefined) return told;
  const endsAt = sampled(provider, sample, 'expires_at');
  const isAsked = provider.life.introspect === true || asksForEnd(provider);
  return (endsAt !== undefined && endsAt !== null) || isAsked ? untoldSeconds : undefined;
}

/** Where only a point in time is told, which in a sample is long past. */
const untoldSeconds = 3_600;

function asksForEnd(provider: Simulation['provider']): boolean {
  return 'quirks' in provider && provider.quirks.includes('no-expiry-introspect');
}

/** A point in time written as the sample writes one. */
function endLike(
  { now }: Pick<Simulation, 'now'>,
  sample: unknown,
  seconds: number | undefined,
): unknown {
  if (seconds === undefined) return sample;
  const endsAt = now() + seconds * 1_000;
  if (typeof sample === 'number') {
    return sample > 1e11 ? endsAt : Math.floor(endsAt / 1_000);
  }
  if (typeof sample === 'string') {
    if (/^\d+$/.test(sample)) return String(endLike({ now }, Number(sample), seconds));
    const iso = new Date(endsAt).toISOString();
    // To the second where the sample is.
    return sample.includes('.') ? iso : iso.replace(/\.\d+Z$/, 'Z');
  }
  return sample;
}
