/**
 * What a Strongroom call or popup fails with. `code` is stable, switch on it; `message` is written
 * for the person who reads it.
 *
 * Besides the codes of the suite (`access_denied`, `state_expired`, `needs_reauth`, …) the browser
 * adds `popup_blocked`, `popup_closed` and `popup_failed`, and passes on those of the Firebase SDK
 * (`functions/internal`: the function could not be reached).
 */
export class StrongroomClientError extends Error {
  override readonly name = 'StrongroomClientError';
  readonly code: string;
  /** What else the suite said: `retryAfterSeconds`, `field`, `reason`, `providerError`, … */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The suite's own code where the answer carries one, the Firebase SDK's where it does not. */
export function asClientError(error: unknown): StrongroomClientError {
  if (error instanceof StrongroomClientError) return error;
  if (!(error instanceof Error)) return new StrongroomClientError('unknown', String(error));
  const details = isRecord(error) && isRecord(error['details']) ? error['details'] : {};
  const code = [details['code'], isRecord(error) ? error['code'] : undefined].find(
    (candidate) => typeof candidate === 'string',
  );
  // The SDK appends the HTTP status to what the suite wrote for people.
  const message = error.message.replace(/ \[\d{3}\]$/, '');
  return new StrongroomClientError(code ?? 'unknown', message, details);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
