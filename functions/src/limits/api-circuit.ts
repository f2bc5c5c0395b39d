import { EgressError } from '../egress/egress.ts';
import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf, hostIn } from '../providers/template.ts';

/** What became of a call. */
export type CallOutcome =
  | { readonly status: number; readonly headers: Readonly<Record<string, unknown>> }
  | EgressError;

/**
 * The name under which a provider's API has a circuit. It is not the one of its token endpoint: an
 * API that is down must not keep tokens from being refreshed, nor a token endpoint that is down those
 * calls that have a token.
 */
export function circuitOf(providerId: string): string {
  return `${providerId}~api`;
}

/**
 * Whether those who connect say at which host the API is. What befalls one of them then tells nothing of
 * the others, and nobody may stop them by naming a host where nobody is.
 */
export function isHostSaid(provider: Provider): boolean {
  const { apiBaseUrl, variables } = provider;
  const brought = 'callbackParameters' in provider ? provider.callbackParameters : [];
  return fieldsOf(hostIn(apiBaseUrl)).some(
    (name) => Object.hasOwn(variables, name) || brought.includes(name),
  );
}

/** That nobody is there to answer. A 500 is an answer: of one path, mostly. */
const nobodyThere: ReadonlySet<number> = new Set([502, 503, 504]);
const noAnswer: ReadonlySet<EgressError['kind']> = new Set(['unreachable', 'dropped', 'timeout']);

/** What a call says of the API as a whole; undefined: nothing, it was not made. */
export function verdictOf(outcome: CallOutcome): 'works' | OAuthFailure | undefined {
  if (outcome instanceof EgressError) {
    if (outcome.kind === 'refused') return undefined;
    return noAnswer.has(outcome.kind) ? new OAuthFailure('transient') : 'works';
  }
  const { status, headers } = outcome;
  if (!nobodyThere.has(status)) return 'works';
  const told = headers['retry-after'];
  const text = typeof told === 'string' ? told : null;
  const seconds = retryAfterSecondsOf({ get: (name) => (name === 'retry-after' ? text : null) });
  return new OAuthFailure('transient', undefined, seconds);
}
