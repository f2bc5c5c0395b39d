/**
 * Bearer tokens in requests, and what their refusal says (RFC 6750). Nothing here knows of Firebase:
 * any API may use it.
 */

/** RFC 6750 §3.1. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

const statusOf = { invalid_request: 400, invalid_token: 401, insufficient_scope: 403 } as const;

/** Why a request is not let in. Its message may be shown; nothing of the token is in it. */
export class BearerRefusal extends Error {
  override readonly name = 'BearerRefusal';
  /** Absent where no token came, which is no error yet (RFC 6750 §3). */
  readonly error?: BearerError;
  /** What would do, for `insufficient_scope`. */
  readonly scope?: string;

  constructor(message: string, error?: BearerError, scope?: string) {
    super(message);
    if (error !== undefined) this.error = error;
    if (scope !== undefined) this.scope = scope;
  }

  /** The HTTP status of the answer. */
  get status(): number {
    return this.error === undefined ? 401 : statusOf[this.error];
  }
}

/** The issuer's keys cannot be had, so nobody can say whether a token is good. It passes by itself. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

/**
 * The token of a request: `Authorization: Bearer` and no other place (RFC 6750 §2).
 *
 * @param rawHeaders names and values in turn, as Node has them: it drops a second `Authorization`
 *   from everywhere else.
 * @returns undefined where there is none, or another scheme.
 * @throws BearerRefusal for two of them: who decides by one must not be told of the other.
 */
export function bearerTokenOf(rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter(
    (_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === 'authorization',
  );
  if (values.length > 1) {
    throw new BearerRefusal('Send one Authorization header.', 'invalid_request');
  }
  return /^Bearer ([\w~+/.-]+=*)$/i.exec(values[0] ?? '')?.[1];
}

/** The field `WWW-Authenticate` of a refusal (RFC 6750 §3). */
export function challengeOf(
  realm: string,
  { error, message, scope }: Pick<BearerRefusal, 'error' | 'message' | 'scope'>,
): string {
  const parameters = {
    realm,
    ...(error !== undefined && { error, error_description: message }),
    ...(scope !== undefined && { scope }),
  };
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${plain(value)}"`);
  return `Bearer ${written.join(', ')}`;
}

/** What may stand in a quoted parameter (RFC 6750 §3). */
function plain(value: string): string {
  return value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' ');
}
