import type { Request } from 'firebase-functions/https';
import { type ErrorCode, StrongroomError, unavailable } from '../errors.ts';
import {
  type BearerError,
  BearerRefusal,
  challengeOf,
  IssuerUnavailable,
} from '../identity/bearer.ts';

const realm = 'strongroom';
/** What is wrong with the header itself. */
const field = 'Authorization';

const codeOf = {
  invalid_request: 'invalid_argument',
  invalid_token: 'unauthenticated',
  insufficient_scope: 'insufficient_scope',
} as const satisfies Record<BearerError, ErrorCode>;

const bearerErrors = ['invalid_request', 'invalid_token', 'insufficient_scope'] as const;

/** A refusal of RFC 6750 as an error of ours; anything else as it is. */
export function refusedBearer(error: unknown): unknown {
  if (error instanceof IssuerUnavailable) return unavailable('authorization-server');
  if (!(error instanceof BearerRefusal)) return error;
  const { error: why = 'invalid_token', message, scope } = error;
  return new StrongroomError(codeOf[why], message, {
    ...(why === 'invalid_request' && { field }),
    ...(scope !== undefined && { scope }),
  });
}

/**
 * The field `WWW-Authenticate` of a refused request (RFC 6750 §3); undefined where the refusal is not
 * about who asks. Without a bearer token it says no more than how to authenticate.
 */
export function challengeFor(
  { headers }: Pick<Request, 'headers'>,
  { code, message, details }: StrongroomError,
): string | undefined {
  if (code === 'invalid_argument' && details.field !== field) return undefined;
  const [error] = bearerErrors.filter((one) => codeOf[one] === code);
  if (error === undefined) return undefined;
  const { scope } = details;
  const came = /^bearer\b/i.test(headers.authorization ?? '');
  return challengeOf(realm, {
    message,
    ...(came && { error }),
    ...(scope !== undefined && { scope }),
  });
}
