import * as oauth from 'oauth4webapi';
import { EgressError } from '../egress/egress.ts';
import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import { type ErrorDetails, StrongroomError, unavailable } from '../errors.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { needsReauth } from '../store/refusals.ts';

/** Why a provider gave no token, sorted by who must act. */
export type FailureKind =
  /** The grant is gone: its user must connect again. */
  | 'user'
  /** Tokens came, for another account than the connected one. They are not used. */
  | 'account'
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
        return clientRefused(said);
      case 'user':
        return new StrongroomError(
          'authorization_failed',
          'The provider did not accept the authorization. Connect the account again.',
          said,
        );
      case 'account':
        return needsReauth('account_changed');
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

/** What a caller is told where the provider refuses our client. */
export function clientRefused(details: ErrorDetails): StrongroomError {
  return new StrongroomError(
    'provider_misconfigured',
    "The provider refuses this app's registration. The app's team must correct its settings.",
    details,
  );
}

/** Error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §8. */
const standardKinds: ReadonlyMap<string, FailureKind> = new Map([
  ['invalid_grant', 'user'],
  ['invalid_client', 'operator'],
  ['unauthorized_client', 'operator'],
  ['unsupported_grant_type', 'operator'],
  ['invalid_request', 'operator'],
  ['invalid_scope', 'operator'],
  ['invalid_target', 'operator'],
  ['temporarily_unavailable', 'transient'],
  ['server_error', 'transient'],
  ['slow_down', 'transient'],
  ['use_dpop_nonce', 'transient'],
]);

/** RFC 6749 §4.1.2.1 and §5.2. */
const errorCode = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
/** Words of letters, each with a number after it at most: what a secret does not look like. */
const words = /^(?:[a-z]{1,30}\d{0,8}|\d{1,8})(?:[ _.:/-](?:[a-z]{1,30}\d{0,8}|\d{1,8}))*$/i;

/**
 * An `error` code where it is one; nothing else is passed on: some providers put there what they were
 * sent.
 */
export function errorCodeOf(said: string): string | undefined {
  return errorCode.test(said) && words.test(said) ? said : undefined;
}

/** The provider's own error codes. */
type OwnErrors = Pick<Provider['life'], 'permanentErrors' | 'transientErrors'>;
const noOwnErrors: OwnErrors = { permanentErrors: [], transientErrors: [] };

/** Sorts what `oauth4webapi` and the egress throw. */
export function asOAuthFailure(
  error: unknown,
  own: OwnErrors = noOwnErrors,
): OAuthFailure | StrongroomError {
  if (error instanceof OAuthFailure || error instanceof StrongroomError) return error;
  if (error instanceof EgressError) return ofEgress(error);
  if (error instanceof oauth.ResponseBodyError) {
    return failureSaying(error.error, error.response, own, error.error_description);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return ofStatus(error.response, 'operator', 'invalid_client');
  }
  if (error instanceof oauth.OperationProcessingError && error.cause instanceof Response) {
    return ofStatus(error.cause, 'invalid');
  }
  return new OAuthFailure('invalid');
}

/** The same as a caller is told of it. */
export function asToldFailure(error: unknown, own?: OwnErrors): StrongroomError {
  const failure = asOAuthFailure(error, own);
  return failure instanceof OAuthFailure ? failure.toStrongroomError() : failure;
}

function ofEgress(error: EgressError): OAuthFailure {
  if (error.kind === 'refused') return new OAuthFailure('operator', 'egress_refused');
  return new OAuthFailure(error.processed === 'no' ? 'transient' : 'uncertain');
}

/** What an answer means that says this `error`, and this `error_description`. */
export function failureSaying(
  error: string,
  response: Pick<Response, 'status' | 'headers'>,
  own: OwnErrors = noOwnErrors,
  description?: string,
): OAuthFailure {
  return ofStatus(response, kindOf(error, own, description), errorCodeOf(error));
}

/** The settings have the first word: a provider may mean something else by a standard code. */
function kindOf(
  error: string,
  { permanentErrors, transientErrors }: OwnErrors,
  description = error,
): FailureKind {
  const isSaid = (one: string) => one === error || one === description;
  if (permanentErrors.some(isSaid)) return 'user';
  if (transientErrors.some(isSaid)) return 'transient';
  return standardKinds.get(error) ?? 'invalid';
}

/** 5xx and 429 are always transient, whatever else the answer says. */
export function ofStatus(
  response: Pick<Response, 'status' | 'headers'>,
  otherwise: FailureKind,
  providerError?: string,
): OAuthFailure {
  const transient = response.status >= 500 || response.status === 429;
  return new OAuthFailure(
    transient ? 'transient' : otherwise,
    providerError,
    retryAfterSecondsOf(response.headers),
  );
}

/** What a provider says of our client, whichever connection it was asked for. */
const clientErrors = new Set(['invalid_client', 'unauthorized_client', 'egress_refused']);

/** Whether a failure is one of all the provider's connections, for the team to mend. */
export function concernsClient({ kind, providerError }: OAuthFailure): boolean {
  return kind === 'operator' && clientErrors.has(providerError ?? '');
}
