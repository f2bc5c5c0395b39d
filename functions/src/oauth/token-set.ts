import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { type DpopKey, dpopKeySchema } from './dpop.ts';
import { refreshTokenEndOf } from './refresh-token-end.ts';

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What is sealed. Times are milliseconds since the epoch. */
export const tokenSetSchema = v.object({
  accessToken: v.string(),
  tokenType: v.string(),
  refreshToken: v.optional(v.string()),
  idToken: v.optional(v.string()),
  scopes: v.array(v.string()),
  obtainedAt: milliseconds,
  /** Absent: the provider did not say, and its settings do not either. */
  expiresAt: v.optional(milliseconds),
  /** When the refresh token dies unless it is used before, where the provider told. */
  refreshTokenExpiresAt: v.optional(milliseconds),
  /** That end did not move when the token was used: it is the grant's. */
  refreshTokenEndIsFixed: v.optional(v.boolean()),
  /** Further fields that say where or how the API is called: `instance_url`, a user's `subdomain`. */
  extra: v.optional(v.record(v.string(), v.string())),
  /** With what it is asked for anew, or what it is made of, where that was handed over. */
  credentials: v.optional(v.record(v.string(), v.string())),
  /** The key that its tokens are bound to, where they are (RFC 9449). */
  dpopKey: v.optional(dpopKeySchema),
});

export type TokenSet = Readonly<v.InferOutput<typeof tokenSetSchema>>;

/** A token endpoint's validated answer (RFC 6749 §5.1), in our terms. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly scope?: string;
  readonly expires_in?: number;
  /** How long the refresh token lives; providers' own, so of any type. */
  readonly refresh_token_expires_in?: unknown;
  readonly refresh_expires_in?: unknown;
  readonly x_refresh_token_expires_in?: unknown;
  readonly [providersOwn: string]: unknown;
}

interface Context {
  readonly provider: Pick<Provider, 'scopeSeparator' | 'keep'> & {
    readonly life: Pick<Provider['life'], 'accessTokenSeconds'>;
  };
  /** The scopes asked for, or granted before: what an absent `scope` means (RFC 6749 §5.1, §6). */
  readonly scopes: readonly string[];
  /** When the request was sent: the token cannot expire later than counted from here. */
  readonly obtainedAt: number;
  /** The token set that was refreshed; what the answer omits is kept from it (RFC 6749 §6). */
  readonly previous?: TokenSet;
  /** What the tokens were asked to be bound to. Default: that of `previous`. */
  readonly dpopKey?: DpopKey | undefined;
  /** With what it was asked for. Default: that of `previous`. */
  readonly credentials?: TokenSet['credentials'];
  /** What was told beside the answer. Default: that of `previous`. */
  readonly extra?: TokenSet['extra'] | undefined;
}

/** Longer is no information, and ends beyond the last date that Firestore knows. */
const longestLifetimeSeconds = 100 * 366 * 24 * 60 * 60;

/** Zero would make every call refresh: it tells as little as a lifetime without end. */
function tellsLifetime(seconds: number | undefined): seconds is number {
  return seconds !== undefined && seconds >= 1 && seconds <= longestLifetimeSeconds;
}

/** Builds the token set that follows from a token endpoint's answer. */
export function tokenSetOf(answer: TokenAnswer, context: Context): TokenSet {
  const { previous, obtainedAt, dpopKey = previous?.dpopKey } = context;
  const { credentials = previous?.credentials } = context;
  const seconds = [answer.expires_in, context.provider.life.accessTokenSeconds].find(tellsLifetime);
  const refreshToken = answer.refresh_token || previous?.refreshToken;
  const idToken = answer.id_token ?? previous?.idToken;
  return {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    scopes: scopesOf(answer.scope, context),
    obtainedAt,
    ...(seconds !== undefined && { expiresAt: obtainedAt + Math.floor(seconds) * 1_000 }),
    ...refreshTokenEndOf(answer, obtainedAt, previous),
    ...extraOf(answer, context),
    ...(credentials !== undefined && { credentials }),
    ...(dpopKey !== undefined && { dpopKey }),
  };
}

/** What an answer omits is kept from the one before: not all repeat it with every refresh. */
function extraOf(answer: TokenAnswer, context: Context): Pick<TokenSet, 'extra'> {
  const { provider, previous, extra: before = previous?.extra } = context;
  const told = provider.keep.flatMap((name) => {
    const value = Object.hasOwn(answer, name) ? answer[name] : undefined;
    const isTold = typeof value === 'string' || typeof value === 'number';
    return isTold ? [[name, String(value).slice(0, 2_048)] as const] : [];
  });
  const extra = { ...before, ...Object.fromEntries(told) };
  return Object.keys(extra).length === 0 ? {} : { extra };
}

/** Some take a space between scopes and answer with commas, which no scope that is asked for holds. */
function scopesOf(scope: string | undefined, { scopes, provider }: Context): string[] {
  if (scope === undefined) return [...scopes];
  const holdsComma = provider.scopeSeparator === ' ' && scopes.some((one) => one.includes(','));
  return scope.split(holdsComma ? / +/ : /[ ,]+/).filter(Boolean);
}

/**
 * Refuses a token that cannot be sent by RFC 6750 §2.1, or by RFC 9449 §7.1 where it was asked to be
 * bound to a key: one of another type, which RFC 6749 §7.1 forbids to use, or with characters that
 * RFC 6749 A.12 does not allow and no header takes.
 *
 * @throws StrongroomError `provider_answer_invalid`
 */
export function assertSendable({
  accessToken,
  tokenType,
  dpopKey,
}: Pick<TokenSet, 'accessToken' | 'tokenType' | 'dpopKey'>): void {
  const [type, by] = dpopKey === undefined ? ['Bearer', 'RFC 6750'] : ['DPoP', 'RFC 9449'];
  if (tokenType.toLowerCase() === type.toLowerCase() && /^[\x20-\x7e]+$/.test(accessToken)) return;
  throw new StrongroomError(
    'provider_answer_invalid',
    `The provider gave a token that is no ${type} token (${by}), the only type that can be used ` +
      `here. The app's team must have the provider give ${type} tokens.`,
  );
}
