import type { Provider } from '../../functions/src/providers/settings-schema.ts';
import { newSecret } from './registration.ts';
import { demand } from './request.ts';

/** What a user consented to, or a machine was given. */
export interface Grant {
  /** Fields of `keep`, `lookup` and the like that the API wants to see, by name. */
  readonly fields: Record<string, string>;
  readonly consentedAt: number;
  uses: number;
  isRevoked: boolean;
}

interface AccessToken {
  readonly grant: Grant;
  /** `Infinity`: it does not expire. */
  endsAt: number;
}

interface RefreshToken {
  readonly grant: Grant;
  readonly endsAt: number;
  spentAt: number | undefined;
}

export type Grants = ReturnType<typeof createGrants>;

type Life = Provider['life'];

/** Where the data does not say for how long a spent refresh token works again. */
const defaultGraceSeconds = 30;

/** What a simulated provider has given, and what it is still good for. */
export function createGrants(life: Life, now: () => number) {
  const accessTokens = new Map<string, AccessToken>();
  const refreshTokens = new Map<string, RefreshToken>();
  const graceMs =
    life.rotation === 'rotates-with-grace' ? (life.graceSeconds ?? defaultGraceSeconds) * 1_000 : 0;

  const newRefreshToken = (grant: Grant): string => {
    const token = newSecret('refresh');
    const { refreshTokenIdleSeconds: idle, refreshTokenAbsoluteSeconds: absolute } = life;
    const ends = [
      ...(idle === undefined ? [] : [now() + idle * 1_000]),
      ...(absolute === undefined ? [] : [grant.consentedAt + absolute * 1_000]),
    ];
    refreshTokens.set(token, { grant, endsAt: Math.min(Infinity, ...ends), spentAt: undefined });
    return token;
  };

  /** Whose an access token is; undefined where it is not good. */
  const holderOf = (token: string | undefined): Grant | undefined => {
    const found = accessTokens.get(token ?? '');
    const isGood = found !== undefined && !found.grant.isRevoked && now() < found.endsAt;
    return isGood ? found.grant : undefined;
  };

  const revoke = (grant: Grant): void => {
    grant.isRevoked = true;
  };

  return {
    newGrant: (): Grant => ({ fields: {}, consentedAt: now(), uses: 0, isRevoked: false }),
    /** @param seconds undefined: it does not expire. */
    newAccessToken(grant: Grant, seconds: number | undefined): string {
      const token = newSecret('access');
      const endsAt = seconds === undefined ? Infinity : now() + seconds * 1_000;
      accessTokens.set(token, { grant, endsAt });
      return token;
    },
    newRefreshToken,
    /**
     * Spends a refresh token as the provider's `life` says; one that was spent before ends its grant.
     *
     * @param givesNext whether the answer names another: else the one that is spent stays in use
     *   (RFC 6749 §6).
     * @returns its grant, and the refresh token that is good from now on.
     * @throws Refusal `invalid_grant`
     */
    spend(
      token: string | undefined,
      givesNext: boolean,
    ): { readonly grant: Grant; readonly next: string } {
      const found = refreshTokens.get(token ?? '');
      demand(found !== undefined && token !== undefined, 'unknown refresh token', 'invalid_grant');
      const { grant, spentAt, endsAt } = found;
      const isReused = spentAt !== undefined && now() - spentAt > graceMs;
      if (isReused || (spentAt !== undefined && graceMs === 0)) revoke(grant);
      demand(!grant.isRevoked, 'the grant is revoked', 'invalid_grant');
      const mostUses = life.refreshTokenMaxUses ?? Infinity;
      demand(now() < endsAt && grant.uses < mostUses, 'it has expired', 'invalid_grant');
      grant.uses += 1;
      if (life.rotation === 'none' || !givesNext) return { grant, next: token };
      found.spentAt ??= now();
      return { grant, next: newRefreshToken(grant) };
    },
    holderOf,
    /** Spends an access token in the place of a refresh token. @throws Refusal `invalid_grant` */
    spendAccessToken(token: string | undefined): Grant {
      const grant = holderOf(token);
      demand(grant !== undefined, 'the access token is not good', 'invalid_grant');
      grant.uses += 1;
      return grant;
    },
    /** How many tokens are good. */
    living: (): number =>
      [...accessTokens.keys()].filter((token) => holderOf(token) !== undefined).length +
      [...refreshTokens.values()].filter(
        ({ grant, spentAt, endsAt }) => !grant.isRevoked && spentAt === undefined && now() < endsAt,
      ).length,
    /** When the access token given last ends; `Infinity`: never. */
    lastEnd: (): number => [...accessTokens.values()].at(-1)?.endsAt ?? 0,
    endOf: (token: string): number => accessTokens.get(token)?.endsAt ?? 0,
    /** Whether it was ever given, be it good or not. */
    isKnown: (token: string): boolean => accessTokens.has(token) || refreshTokens.has(token),
    revoke,
    /** A refresh token ends its grant (RFC 7009 §2.1), an access token itself unless it is told so. */
    revokeToken(token: string, endsGrant: boolean): void {
      const refresh = refreshTokens.get(token);
      if (refresh !== undefined) revoke(refresh.grant);
      const access = accessTokens.get(token);
      if (access === undefined) return;
      access.endsAt = 0;
      if (endsGrant) revoke(access.grant);
    },
    /** Every access token stops working at once; refresh tokens stay. */
    expireAccessTokens(): void {
      for (const token of accessTokens.values()) token.endsAt = 0;
    },
    revokeAll(): void {
      for (const { grant } of [...accessTokens.values(), ...refreshTokens.values()]) revoke(grant);
    },
  };
}
