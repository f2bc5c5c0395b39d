import type { OutgoingHttpHeaders } from 'node:http';
import type { ErrorDetails } from '../errors.ts';

/** One limit, and how it stands for the caller. */
export interface LimitState {
  /** Its name: printable ASCII without quotes. */
  readonly policy: string;
  readonly quota: number;
  /** Absent: it limits how many there are at once. */
  readonly windowSeconds?: number | undefined;
  readonly left: number;
  /** Until there are more. */
  readonly renewedAfterSeconds?: number | undefined;
}

/**
 * The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers §3 and §4):
 * Lists of Strings with Integer parameters (RFC 9651).
 */
export function fieldsOf(states: readonly LimitState[]): Record<string, string> {
  if (states.length === 0) return {};
  return {
    'ratelimit-policy': states.map(policyOf).join(', '),
    ratelimit: states.map(stateOf).join(', '),
  };
}

function policyOf({ policy, quota, windowSeconds }: LimitState): string {
  const window = windowSeconds === undefined ? ';qu="concurrent-requests"' : `;w=${windowSeconds}`;
  return `"${policy}";q=${quota}${window}`;
}

function stateOf({ policy, left, renewedAfterSeconds }: LimitState): string {
  const reset = renewedAfterSeconds === undefined ? '' : `;t=${renewedAfterSeconds}`;
  return `"${policy}";r=${left}${reset}`;
}

/** The same of an error that says that a limit is reached; of others none. */
export function fieldsOfRefusal({
  limit,
  retryAfterSeconds,
}: ErrorDetails): Record<string, string> {
  if (limit?.quota === undefined) return {};
  const { policy, quota, windowSeconds } = limit;
  const renewedAfterSeconds = retryAfterSeconds;
  return fieldsOf([{ policy, quota, windowSeconds, left: 0, renewedAfterSeconds }]);
}

const newestForm = /^\s*"/;

/** Ours beside those of the API, where it has them in the same form; its own alone where not. */
export function beside(
  headers: OutgoingHttpHeaders,
  ours: Readonly<Record<string, string>>,
): OutgoingHttpHeaders {
  const merged: OutgoingHttpHeaders = { ...headers };
  for (const [name, value] of Object.entries(ours)) {
    const theirs = merged[name];
    if (theirs === undefined) merged[name] = value;
    else if (typeof theirs === 'string' && newestForm.test(theirs))
      merged[name] = `${theirs}, ${value}`;
  }
  return merged;
}
