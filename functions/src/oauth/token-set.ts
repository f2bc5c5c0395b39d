import * as v from 'valibot';

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
}

interface Context {
  /** The scopes asked for, or granted before: what an absent `scope` means (RFC 6749 §5.1, §6). */
  readonly scopes: readonly string[];
  readonly scopeSeparator: string;
  /** When the request was sent: the token cannot expire later than counted from here. */
  readonly obtainedAt: number;
  readonly defaultAccessTokenSeconds?: number | undefined;
  /** The token set that was refreshed; what the answer omits is kept from it (RFC 6749 §6). */
  readonly previous?: TokenSet;
}

/** Longer is no information, and ends beyond the last date that Firestore knows. */
const longestLifetimeSeconds = 100 * 366 * 24 * 60 * 60;

/** Builds the token set that follows from a token endpoint's answer. */
export function tokenSetOf(answer: TokenAnswer, context: Context): TokenSet {
  const { previous, obtainedAt } = context;
  const told = answer.expires_in ?? context.defaultAccessTokenSeconds;
  const seconds = told === undefined ? undefined : Math.min(told, longestLifetimeSeconds);
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
  };
}

function scopesOf(scope: string | undefined, context: Context): string[] {
  if (scope === undefined) return [...context.scopes];
  return scope.split(new RegExp(`[ ${context.scopeSeparator}]+`)).filter(Boolean);
}
