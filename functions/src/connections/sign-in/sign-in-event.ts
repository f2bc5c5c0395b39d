import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import { type TokenSet, tokenSetOf } from '../../oauth/token-set.ts';
import type { AuthorizingProvider } from '../../providers/settings-schema.ts';
import type { Account } from '../../store/documents.ts';
import { accountOf, profileOf } from '../account/profile-claims.ts';

/**
 * What is used of an event of Firebase Auth's blocking functions (`AuthBlockingEvent`). All of it but the
 * user is absent now and then: in the emulator, for a sign-in by password, without the forwarding of
 * credentials.
 */
const eventSchema = v.object({
  eventId: v.string(),
  data: v.object({
    uid: v.string(),
    disabled: v.optional(v.boolean(), false),
    tenantId: v.nullish(v.string()),
    providerData: v.optional(
      v.array(v.object({ providerId: v.string(), uid: v.nullish(v.string()) })),
      [],
    ),
  }),
  additionalUserInfo: v.nullish(v.object({ profile: v.optional(v.unknown()) })),
  credential: v.nullish(
    v.object({
      providerId: v.string(),
      accessToken: v.nullish(v.string()),
      refreshToken: v.nullish(v.string()),
      idToken: v.nullish(v.string()),
      expirationTime: v.nullish(v.string()),
      /** OAuth 1: what belongs to the token is not OAuth 2.0's. */
      secret: v.nullish(v.string()),
    }),
  ),
});

/** A sign-in that gave tokens. */
export interface SignIn {
  readonly uid: string;
  /** The same for the same sign-in, however often it is seen. */
  readonly id: string;
  /** As Firebase names it. */
  readonly providerId: string;
  readonly event: v.InferOutput<typeof eventSchema>;
}

/** @returns undefined where there is nothing to be taken: no token, a tenant's user, a disabled one. */
export function signInOf(value: unknown): SignIn | undefined {
  const { success, output } = v.safeParse(eventSchema, value);
  if (!success) return undefined;
  const { eventId, data, credential } = output;
  const isOurs = !data.tenantId && !data.disabled;
  if (!isOurs || !credential?.accessToken || credential.secret) return undefined;
  const hash = createHash('sha256').update(JSON.stringify([data.uid, eventId]));
  const id = `signin_${hash.digest('base64url')}`;
  return { uid: data.uid, id, providerId: credential.providerId, event: output };
}

/**
 * Whose account it was, by the provider's own identifier: as its ID token says, which is what a
 * connection made here goes by too; else as Firebase Auth does.
 */
export function accountOfSignIn({ providerId, event }: SignIn): Account {
  const claims = claimsOf(event.credential?.idToken);
  const told = { ...profileOf(event.additionalUserInfo?.profile), ...profileOf(claims) };
  const known = event.data.providerData.find((one) => one.providerId === providerId)?.uid;
  const sub = profileOf(claims).sub ?? (known || undefined) ?? told.sub;
  return accountOf({ ...told, ...(sub !== undefined && { sub }) });
}

/** Firebase Auth has verified it; nothing but a name is taken from it. */
function claimsOf(idToken: string | null | undefined): unknown {
  try {
    return idToken ? decodeJwt(idToken) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Its tokens.
 *
 * @param systemNow by this machine's clock, by which `expirationTime` was counted.
 */
export function tokenSetOfSignIn(
  { event }: SignIn,
  provider: AuthorizingProvider,
  obtainedAt: number,
  systemNow = Date.now(),
): TokenSet {
  const { accessToken, refreshToken, idToken, expirationTime } = event.credential ?? {};
  const leftMs = Date.parse(expirationTime ?? '') - systemNow;
  return tokenSetOf(
    {
      access_token: accessToken ?? '',
      token_type: 'Bearer',
      ...(refreshToken && { refresh_token: refreshToken }),
      ...(idToken && { id_token: idToken }),
      ...(leftMs > 0 && { expires_in: Math.floor(leftMs / 1_000) }),
    },
    { provider, scopes: provider.signIn?.scopes ?? [], obtainedAt },
  );
}
