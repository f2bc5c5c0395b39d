import type { Audit } from '../audit/audit.ts';
import type { TokenCache } from '../calls/access-token.ts';
import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { TokenSet } from '../oauth/token-set.ts';

export interface ReleasedToken {
  readonly accessToken: string;
  /** ISO 8601; absent where the provider does not tell. */
  readonly expiresAt?: string;
}

/**
 * Hands the access token itself to the caller, where the provider's settings allow it. A client
 * that holds a token can use it behind the vault's back, so the default is no.
 *
 * Recorded in the audit before it is given: 1 write.
 *
 * @throws StrongroomError `token_release_off`, and those of `FreshTokenSet`.
 */
export function createToken(tokens: TokenCache, audit: Pick<Audit, 'write'>) {
  return async (
    { uid, service }: Caller,
    connectionId: string,
    deadlineAt: number,
  ): Promise<ReleasedToken> => {
    const { tokenSet, provider } = await tokens.get({ uid, connectionId, deadlineAt });
    if (!provider.allowTokenRelease) throw releaseOff();
    assertReleasable(tokenSet);
    await audit.write({
      type: 'token_released',
      actor: service === undefined ? 'user' : 'service',
      uid,
      connectionId,
      provider: provider.id,
      ...(service && { service: service.client, issuer: service.issuer }),
    });
    return releasedOf(tokenSet);
  };
}

export function releaseOff(): StrongroomError {
  return new StrongroomError(
    'token_release_off',
    'Tokens of this provider stay in the vault. Use connections-call, or let the team set ' +
      'allowTokenRelease in its settings.',
  );
}

/**
 * Without the key that it is bound to, a token opens nothing; the key stays here (RFC 9449).
 *
 * @throws StrongroomError `token_release_off`
 */
export function assertReleasable({ dpopKey }: Pick<TokenSet, 'dpopKey'>): void {
  if (dpopKey === undefined) return;
  throw new StrongroomError(
    'token_release_off',
    'The tokens of this connection are bound to a key that stays in the vault (DPoP): they open ' +
      'nothing elsewhere. Use connections-call, or the proxy.',
  );
}

/** What of a token set leaves the vault. */
export function releasedOf({ accessToken, expiresAt }: TokenSet): ReleasedToken {
  return {
    accessToken,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
  };
}
