import { StrongroomError } from '../errors.ts';
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

/**
 * Reads what came to the redirect URI: each parameter once at most (RFC 6749 §3.1), and no longer than any
 * provider's.
 *
 * @throws StrongroomError `invalid_argument`
 */
export function callbackParametersOf(query: URLSearchParams): CallbackParameters {
  const one = (name: string) => oneOf(query, name);
  const state = one('state');
  if (state === undefined || state === '') throw badCallback();
  return {
    state,
    code: one('code'),
    iss: one('iss'),
    error: one('error'),
    errorDescription: one('error_description'),
  };
}

/** The same with those further ones that the provider's data keeps. */
export function withKept(
  told: CallbackParameters,
  query: URLSearchParams,
  names: readonly string[],
): CallbackParameters {
  const kept = names.flatMap((name) => {
    const value = oneOf(query, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return kept.length === 0 ? told : { ...told, parameters: Object.fromEntries(kept) };
}

function oneOf(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  const length = values[0]?.length ?? 0;
  if (values.length > 1 || length > responseParameterMaxLength) throw badCallback();
  return values[0];
}

function badCallback(): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    'The provider sent an answer that cannot be used.',
  );
}
