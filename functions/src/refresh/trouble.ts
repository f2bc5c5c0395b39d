import { type StrongroomError, unavailable } from '../errors.ts';
import { clientRefused, concernsClient, type OAuthFailure } from '../oauth/failure.ts';
import type { ProviderDocument } from '../store/provider-store.ts';
import type { Stored } from '../store/stored.ts';

/** What a circuit makes of failures, and for how long. Pure; `circuit.ts` carries it out. */

/** Where nobody has probed for so long, what is written says nothing of trouble that is met now. */
export const staleMs = 15 * 60_000;

/** The first pause of an open circuit; it doubles with each probe that fails. */
const coolDownMs = { misconfigured: 30_000, down: 5_000 } as const;
const longestCoolDownMs = 5 * 60_000;
const longestAskedMs = 15 * 60_000;

export type Cause = NonNullable<ProviderDocument['cause']>;

/** Whether a provider may be asked. */
export type Admission =
  | { readonly kind: 'admitted'; readonly probe?: Stored<ProviderDocument> }
  | { readonly kind: 'refused'; readonly retryAt: number; readonly error: StrongroomError };

/** Whether it was open lately: one that nobody has probed for long is to be told of anew. */
export function isOpen({ circuit, retryAt }: ProviderDocument, now: number): boolean {
  return circuit === 'open' && now < (retryAt ?? 0) + staleMs;
}

/** What a failure says of the provider as a whole; undefined: nothing, it answers. */
export function causeOf(failure: OAuthFailure): Cause | undefined {
  if (concernsClient(failure)) return 'misconfigured';
  const isAnswer =
    failure.kind === 'user' || failure.kind === 'account' || failure.kind === 'operator';
  return isAnswer ? undefined : 'down';
}

/** How long nobody asks: with jitter; the provider's own word counts for more. */
export function pauseOf(
  cause: Cause,
  failures: number,
  retryAfterSeconds = 0,
  random: number,
): number {
  const coolDown = Math.min(coolDownMs[cause] * 2 ** Math.min(failures, 20), longestCoolDownMs);
  const askedMs = Math.min(retryAfterSeconds * 1_000, longestAskedMs);
  return Math.round(Math.max(coolDown * (0.75 + random / 2), askedMs));
}

/** What callers are told while it is open. */
export function refusal(
  {
    cause,
    providerError,
    retryAt,
  }: { readonly cause: Cause; readonly providerError: string | null; readonly retryAt: number },
  now: number,
): Admission {
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAt - now) / 1_000));
  const error =
    cause === 'down'
      ? unavailable('provider', retryAfterSeconds)
      : clientRefused({ ...(providerError !== null && { providerError }), retryAfterSeconds });
  return { kind: 'refused', retryAt, error };
}
