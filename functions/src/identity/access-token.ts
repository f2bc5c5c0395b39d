import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../platform/clock.ts';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import { BearerRefusal, IssuerUnavailable } from './bearer.ts';
import { createKeyLoader, type IssuerKeys } from './issuer-keys.ts';
import { createKeySet } from './key-set.ts';

/** How far the issuer's clock may be from ours, in seconds. */
export const clockToleranceSeconds = 30;

export interface VerifierOptions extends IssuerKeys {
  /** The API that tokens must be meant for (`aud`). */
  readonly audience: string;
  readonly clock: Pick<Clock, 'now' | 'ticks'>;
  /** `any`: for issuers that do not mark access tokens as RFC 9068 §2.1 says. Default `at+jwt`. */
  readonly typ?: 'at+jwt' | 'any';
  /** Default: all that are asymmetric. */
  readonly algorithms?: readonly (typeof signatureAlgorithms)[number][] | undefined;
}

/** What a token says that is genuine, current, and meant for us. */
export interface AccessToken {
  readonly issuer: string;
  readonly subject: string;
  /** None: the token says nothing of scopes. */
  readonly scopes?: readonly string[];
  readonly claims: JWTPayload;
}

/** @throws BearerRefusal `invalid_token`; IssuerUnavailable */
export type AccessTokenVerifier = (token: string) => Promise<AccessToken>;

/**
 * Verifies JWT access tokens of one issuer (RFC 9068 §4, RFC 8725). What is wrong with a token is told
 * only of genuine ones. It stands by itself: an API that is no part of Strongroom can use it.
 */
export function createAccessTokenVerifier(options: VerifierOptions): AccessTokenVerifier {
  const { issuer, audience, clock, typ = 'at+jwt', algorithms = signatureAlgorithms } = options;
  const keys = createKeySet(createKeyLoader(options), clock);

  return async (token) => {
    const now = clock.now();
    const rules = {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now),
      ...(typ === 'at+jwt' && { typ }),
    };
    const { payload } = await jwtVerify(token, keys, rules).catch((error: unknown) => {
      throw error instanceof IssuerUnavailable ? error : refusalOf(error);
    });
    const { sub = '', iat = Number.NaN } = payload;
    const isOfNow = iat <= now / 1_000 + clockToleranceSeconds;
    if (sub === '' || !isOfNow || isOtherKind(payload)) throw invalid(reasons.other);
    const scopes = scopesOf(payload);
    return { issuer, subject: sub, claims: payload, ...(scopes && { scopes }) };
  };
}

/** Claims of ID tokens (OIDC Core 1.0 §2, §3.3.2.11) and logout tokens (Back-Channel Logout 1.0 §2.4). */
const claimsOfOthers = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'] as const;

/**
 * Whether it is a token of the same issuer for something else: an ID token, a refresh token (some
 * issuers tell by a claim), or one that only the holder of a key may use (RFC 7800), which we
 * could not tell from a thief.
 */
function isOtherKind(payload: JWTPayload): boolean {
  const { typ = 'Bearer', token_use: use = 'access', cnf } = payload;
  return (
    typ !== 'Bearer' ||
    use !== 'access' ||
    cnf !== undefined ||
    claimsOfOthers.some((name) => name in payload)
  );
}

/** `scope` (RFC 8693 §4.2) or `scp`, each as text or as a list. @throws BearerRefusal */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] | undefined {
  const told = scope ?? scp;
  if (told === undefined) return undefined;
  const scopes = typeof told === 'string' ? told.split(' ').filter(Boolean) : told;
  if (Array.isArray(scopes) && scopes.every((one) => typeof one === 'string')) return scopes;
  throw invalid(reasons.other);
}

const reasons = {
  exp: 'The access token has expired.',
  nbf: 'The access token is not valid yet.',
  aud: 'The access token is for another audience.',
  other: 'The access token is not valid.',
} as const;

/** The claims are looked at once the signature holds: a forger learns nothing. */
function refusalOf(error: unknown): BearerRefusal {
  const isClaim =
    error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
  const claim = isClaim && error.reason === 'check_failed' ? error.claim : undefined;
  const told = Object.entries(reasons).find(([name]) => name === claim);
  return invalid(told?.[1] ?? reasons.other);
}

function invalid(message: string): BearerRefusal {
  return new BearerRefusal(message, 'invalid_token');
}
