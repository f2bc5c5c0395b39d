import * as oauth from 'oauth4webapi';
import { EgressError } from '../egress/egress.ts';
import { StrongroomError, unavailable } from '../errors.ts';

/** Why a provider gave no token, sorted by who must act. */
export type FailureKind =
  /** The grant is gone: its user must connect again. */
  | 'user'
  /** Our registration at the provider is wrong: the team must mend its settings. */
  | 'operator'
  /** The provider said no for now (5xx, 429), or could not be reached: later. */
  | 'transient'
  /** No answer came; the provider may have processed the request. */
  | 'uncertain'
  /** An answer came that is not one of OAuth's. */
  | 'invalid';

/** A provider's failure in our terms. It carries nothing of the request or of the answer's body. */
export class OAuthFailure extends Error {
  override readonly name = 'OAuthFailure';
  readonly kind: FailureKind;
  /** The `error` of the answer (RFC 6749 §5.2). */
  readonly providerError: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: FailureKind, providerError?: string, retryAfterSeconds?: number) {
    super(`The provider failed (${kind}).`);
    this.kind = kind;
    this.providerError = providerError;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** What a caller is told. */
  toStrongroomError(): StrongroomError {
    const said = this.providerError === undefined ? {} : { providerError: this.providerError };
    switch (this.kind) {
      case 'operator':
        return new StrongroomError(
          'provider_misconfigured',
          "The provider refuses this app's registration. The app's team must correct its settings.",
          said,
        );
      case 'user':
        return new StrongroomError(
          'authorization_failed',
          'The provider did not accept the authorization. Connect the account again.',
          said,
        );
      case 'invalid':
        return new StrongroomError(
          'provider_answer_invalid',
          'The provider gave an answer that cannot be used. Try again; if it stays, tell the app.',
          said,
        );
      case 'transient':
      case 'uncertain':
        return unavailable('provider', this.retryAfterSeconds);
    }
  }
}

/** Error codes of RFC 6749 §5.2 that only the team can mend. */
const operatorErrors = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'invalid_scope',
]);
const transientErrors = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

const errorCode = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

/** An `error` code if it is one as RFC 6749 §4.1.2.1 and §5.2 allow; nothing else is passed on. */
export function errorCodeOf(said: string): string | undefined {
  return errorCode.test(said) ? said : undefined;
}

/** Sorts what `oauth4webapi` and the egress throw. */
export function asOAuthFailure(error: unknown): OAuthFailure | StrongroomError {
  if (error instanceof OAuthFailure || error instanceof StrongroomError) return error;
  if (error instanceof EgressError) return ofEgress(error);
  if (error instanceof oauth.ResponseBodyError) return ofAnswer(error);
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return ofStatus(error.response, 'operator', 'invalid_client');
  }
  if (error instanceof oauth.OperationProcessingError && error.cause instanceof Response) {
    return ofStatus(error.cause, 'invalid');
  }
  return new OAuthFailure('invalid');
}

function ofEgress(error: EgressError): OAuthFailure {
  if (error.kind === 'refused') return new OAuthFailure('operator', 'egress_refused');
  return new OAuthFailure(error.processed === 'no' ? 'transient' : 'uncertain');
}

function ofAnswer({ error, response }: oauth.ResponseBodyError): OAuthFailure {
  const said = errorCodeOf(error);
  if (transientErrors.has(error)) return ofStatus(response, 'transient', said);
  if (operatorErrors.has(error)) return ofStatus(response, 'operator', said);
  return ofStatus(response, error === 'invalid_grant' ? 'user' : 'invalid', said);
}

/** 5xx and 429 are always transient, whatever else the answer says. */
function ofStatus(
  response: Response,
  otherwise: FailureKind,
  providerError?: string,
): OAuthFailure {
  const transient = response.status >= 500 || response.status === 429;
  return new OAuthFailure(
    transient ? 'transient' : otherwise,
    providerError,
    retryAfterSecondsOf(response.headers.get('retry-after')),
  );
}

/** Retry-After in seconds (RFC 9110 §10.2.3); an HTTP date is counted from now. */
function retryAfterSecondsOf(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d{1,6}$/.test(value)
    ? Number(value)
    : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}
