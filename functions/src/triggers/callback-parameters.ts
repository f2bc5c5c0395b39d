import type { CallbackTarget } from '../connections/authorize/callback.ts';
import { badCallback } from './received.ts';
import { responseParameterMaxLength } from './requests.ts';

/** What the provider sent, as far as the app needs it. */
export interface CallbackParameters {
  readonly state: string;
  readonly code?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
  /** What the provider's data keeps of the rest (`callbackParameters`); absent: nothing. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** By which it is found out what else is awaited. @throws StrongroomError `invalid_argument` */
export function stateIn(received: URLSearchParams): string {
  const state = oneOf(received, 'state');
  if (state === undefined || state === '') throw badCallback();
  return state;
}

/**
 * Reads what came to the redirect URI: each parameter once at most (RFC 6749 §3.1), and no longer than any
 * provider's.
 *
 * @throws StrongroomError `invalid_argument`
 */
export function callbackParametersOf(
  received: URLSearchParams,
  { codeParameter, kept: names }: Pick<CallbackTarget, 'codeParameter' | 'kept'>,
): CallbackParameters {
  const one = (name: string) => oneOf(received, name);
  const kept = names.flatMap((name) => {
    const value = one(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    state: stateIn(received),
    code: one(codeParameter),
    iss: one('iss'),
    error: one('error'),
    errorDescription: one('error_description'),
    ...(kept.length > 0 && { parameters: Object.fromEntries(kept) }),
  };
}

function oneOf(received: URLSearchParams, name: string): string | undefined {
  const values = received.getAll(name);
  const length = values[0]?.length ?? 0;
  if (values.length > 1 || length > responseParameterMaxLength) throw badCallback();
  return values[0];
}
