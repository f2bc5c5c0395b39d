import type { FunctionsErrorCode } from 'firebase-functions/https';

/**
 * Every code Strongroom can answer with, the one place where it meets the two wires:
 * the callable protocol's status and the HTTP status of the REST answers (RFC 9457), and who must
 * act to make it go away.
 */
const codes = {
  unauthenticated: ['unauthenticated', 401, 'user'],
  app_check_failed: ['unauthenticated', 401, 'caller'],
  insufficient_scope: ['permission-denied', 403, 'operator'],
  invalid_argument: ['invalid-argument', 400, 'caller'],
  malformed_json: ['invalid-argument', 400, 'caller'],
  body_too_large: ['invalid-argument', 413, 'caller'],
  route_not_found: ['not-found', 404, 'caller'],
  method_not_allowed: ['invalid-argument', 405, 'caller'],
  path_not_allowed: ['invalid-argument', 400, 'caller'],
  header_not_allowed: ['invalid-argument', 400, 'caller'],
  provider_unknown: ['not-found', 404, 'caller'],
  scope_not_offered: ['invalid-argument', 400, 'caller'],
  return_to_not_allowed: ['invalid-argument', 400, 'caller'],
  not_offered: ['failed-precondition', 409, 'operator'],
  target_not_allowed: ['invalid-argument', 400, 'caller'],
  connection_not_found: ['not-found', 404, 'caller'],
  connection_ambiguous: ['failed-precondition', 409, 'caller'],
  state_unknown: ['not-found', 404, 'user'],
  state_used: ['failed-precondition', 409, 'user'],
  state_expired: ['failed-precondition', 410, 'user'],
  state_of_another_user: ['permission-denied', 403, 'user'],
  issuer_mismatch: ['permission-denied', 403, 'user'],
  access_denied: ['permission-denied', 403, 'user'],
  authorization_failed: ['failed-precondition', 400, 'user'],
  account_mismatch: ['failed-precondition', 409, 'user'],
  credentials_refused: ['failed-precondition', 400, 'user'],
  needs_reauth: ['failed-precondition', 409, 'user'],
  connection_paused: ['failed-precondition', 409, 'user'],
  token_release_off: ['permission-denied', 403, 'operator'],
  provider_misconfigured: ['failed-precondition', 500, 'operator'],
  settings_invalid: ['failed-precondition', 500, 'operator'],
  provider_answer_invalid: ['internal', 502, 'provider'],
  answer_too_large: ['out-of-range', 502, 'provider'],
  rate_limited: ['resource-exhausted', 429, 'caller'],
  egress_refused: ['permission-denied', 502, 'operator'],
  unavailable: ['unavailable', 503, 'nobody'],
  deadline_exceeded: ['deadline-exceeded', 504, 'nobody'],
  sealed_value_rejected: ['data-loss', 500, 'operator'],
  internal: ['internal', 500, 'operator'],
} as const satisfies Record<string, readonly [FunctionsErrorCode, number, string]>;

/** A stable code: it never changes its meaning, so that clients may switch on it. */
export type ErrorCode = keyof typeof codes;

/** All of them, for the documentation's test. */
export const errorCodes = Object.keys(codes).filter((code): code is ErrorCode => code in codes);

/** Who can make the error go away. `nobody`: it passes by itself, try again. */
export type Actor = (typeof codes)[ErrorCode][2];

/** What else a client may be told. Never a token, a code, a secret or another user's data. */
export interface ErrorDetails {
  /** Which dependency could not be reached. */
  readonly dependency?:
    | 'firestore'
    | 'secret-manager'
    | 'provider'
    | 'task-queue'
    | 'firebase-auth'
    | 'app-check'
    | 'authorization-server';
  /** The setting, field, header, path or method that was refused. */
  readonly field?: string;
  /** Why a connection needs its user: `ReauthReason`. */
  readonly reason?: string;
  /** The user's connections among which the caller must choose. */
  readonly connectionIds?: readonly string[];
  /** The OAuth error code of the provider's answer (RFC 6749 §4.1.2.1 and §5.2). */
  readonly providerError?: string;
  /** The scope that a service lacks (RFC 6750 §3). */
  readonly scope?: string;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfterSeconds?: number;
  /** The limit that is reached; without `quota`: one that the provider told of. */
  readonly limit?: {
    readonly policy: string;
    readonly quota?: number;
    /** Absent: it limits how many there are at once. */
    readonly windowSeconds?: number;
  };
}

/**
 * The only error that leaves the suite. Its message is written for the person who reads it: what
 * happened and what to do. Nothing secret may be put in it, so causes that can carry a request (an
 * axios error does) are never attached.
 */
export class StrongroomError extends Error {
  override readonly name = 'StrongroomError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** The status of the callable protocol. */
  get functionsCode(): FunctionsErrorCode {
    return codes[this.code][0];
  }

  /** The HTTP status of the REST answer. */
  get httpStatus(): number {
    return codes[this.code][1];
  }

  get actor(): Actor {
    return codes[this.code][2];
  }
}

/** Shorthand for a dependency that could not be reached: nothing was changed, try again. */
export function unavailable(
  dependency: NonNullable<ErrorDetails['dependency']>,
  retryAfterSeconds?: number,
): StrongroomError {
  return new StrongroomError(
    'unavailable',
    `The ${dependency} could not be reached. Nothing was changed; try again in a moment.`,
    { dependency, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
  );
}
