import { createHash } from 'node:crypto';
import { toldApart } from '../connections/account/told-apart.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider, Settings } from '../providers/settings-schema.ts';
import type { Account } from '../store/documents.ts';
import { wrongFieldsOf } from './fields.ts';
import { type Epoch, type ImportLine, type Refusal, readLine } from './line.ts';

/** A connection that is fit to be imported: all but its sealing and its times to come. */
export interface Importable {
  readonly where: string;
  readonly id: string;
  readonly uid: string;
  readonly provider: string;
  readonly account: Account;
  readonly tokenSet: TokenSet;
  /** Whether the line told when the tokens were given. */
  readonly isAgeKnown: boolean;
  /** Whether the id is the line's own: it could be another connection's. */
  readonly isIdGiven: boolean;
}

/** What a source has read: a line to be, or why there is none. */
export type Sourced =
  | {
      readonly where: string;
      readonly value: unknown;
      /** What tells this connection from others where it comes from, if anything does. */
      readonly identity?: string;
    }
  | Refusal;

interface Context {
  readonly providers: Settings['providers'];
  readonly epoch: Epoch | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type Wrong = Omit<Refusal, 'where'>;

/** An access token that is not there counts as one that expired that long ago. */
const absentForMs = 60_000;
const earliestMs = Date.parse('2000-01-01T00:00:00Z');
const latestMs = Date.parse('2126-01-01T00:00:00Z');

export function isRefusal(found: Importable | Sourced | Refusal): found is Refusal {
  return 'reason' in found;
}

/** Judges what a source gave by itself; users and duplicates are judged elsewhere. Pure. */
export function importableOf(sourced: Sourced, context: Context): Importable | Refusal {
  if (isRefusal(sourced)) return sourced;
  const { where, value, identity } = sourced;
  const read = readLine(value);
  if ('wrong' in read) return { where, ...read.wrong };
  const found = judged(read.line, identity, context);
  return 'reason' in found ? { where, ...found } : { where, ...found };
}

function judged(
  line: ImportLine,
  identity: string | undefined,
  { providers, epoch, now }: Context,
): Omit<Importable, 'where'> | Wrong {
  const { uid, provider: id, connectionId, accessToken, refreshToken } = line;
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (provider === undefined) {
    return { field: 'provider', reason: 'is not in the settings; npm run providers -- list' };
  }
  if (Object.keys(provider.variables).length > 0) {
    return { field: 'provider', reason: 'asks its users for variables: have them connect it' };
  }
  const extra = line.fields ?? {};
  const wrong = wrongFieldsOf({ ...provider, id }, extra);
  if (wrong !== undefined) return wrong;
  if (!accessToken && !refreshToken) {
    return { field: 'accessToken', reason: 'is missing, and refreshToken as well' };
  }
  if (line.scopes && line.scope) return { field: 'scope', reason: 'must not stand beside scopes' };
  const obtained = timeOf(line, 'obtainedAt', epoch);
  const expires = timeOf(line, 'expiresAt', epoch);
  for (const time of [obtained, expires]) if (typeof time === 'object') return time;
  if (typeof obtained === 'number' && obtained > now + absentForMs) {
    return { field: 'obtainedAt', reason: 'must not be in the future' };
  }
  const times = timesOf(accessToken ?? undefined, obtained, expires, provider, now);
  const { expiresAt } = times;
  if (!refreshToken && expiresAt !== undefined && expiresAt <= now) {
    return { field: 'expiresAt', reason: 'is over, and there is no refreshToken' };
  }
  const { idToken } = line;
  const { subject, name, email } = line.account ?? {};
  const told = { ...(subject && { subject }), ...(name && { name }), ...(email && { email }) };
  const account = toldApart({ ...provider, id }, { extra }, told);
  return {
    id:
      connectionId ??
      derivedId(
        uid,
        id,
        account.subject
          ? ['subject', account.subject]
          : ['', identity ?? refreshToken ?? accessToken ?? ''],
      ),
    uid,
    provider: id,
    account,
    tokenSet: {
      // What the vault holds where a provider gave none that is known here.
      accessToken: accessToken ?? '',
      tokenType: 'Bearer',
      ...(refreshToken && { refreshToken }),
      ...(idToken && { idToken }),
      scopes: scopesOf(line, provider),
      ...times,
      ...(line.fields && { extra }),
    },
    isAgeKnown: obtained !== undefined,
    isIdGiven: Boolean(connectionId),
  };
}

/** The same line has the same id in every run. A token cannot be found by it: tokens are random. */
function derivedId(uid: string, provider: string, identity: readonly string[]): string {
  const seed = JSON.stringify(['strongroom-import', uid, provider, ...identity]);
  return createHash('sha256').update(seed).digest().subarray(0, 16).toString('base64url');
}

function timeOf(
  line: ImportLine,
  field: 'obtainedAt' | 'expiresAt',
  epoch: Epoch | undefined,
): number | undefined | Wrong {
  const value = line[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && epoch === undefined) {
    return { field, reason: 'is a number: say --epoch seconds or --epoch milliseconds' };
  }
  const scale = epoch === 'seconds' ? 1_000 : 1;
  const time = typeof value === 'number' ? Math.floor(value * scale) : Date.parse(value);
  if (time >= earliestMs && time <= latestMs) return time;
  const unit = typeof value === 'number' ? ` in ${epoch}` : '';
  return { field, reason: `must lie between the years 2000 and 2126${unit}` };
}

function timesOf(
  accessToken: string | undefined,
  obtained: number | Wrong | undefined,
  expires: number | Wrong | undefined,
  { life }: Pick<Provider, 'life'>,
  now: number,
): Pick<TokenSet, 'obtainedAt' | 'expiresAt'> {
  const told = typeof obtained === 'number' ? Math.min(obtained, now) : undefined;
  if (accessToken === undefined) {
    const before = now - absentForMs;
    return { obtainedAt: Math.min(told ?? before, before), expiresAt: before };
  }
  const seconds = life.accessTokenSeconds;
  const known = told !== undefined && seconds !== undefined ? told + seconds * 1_000 : undefined;
  const expiresAt = typeof expires === 'number' ? expires : known;
  const obtainedAt = Math.min(told ?? now, expiresAt ?? now);
  return { obtainedAt, ...(expiresAt !== undefined && { expiresAt }) };
}

function scopesOf(
  { scopes, scope }: ImportLine,
  { scopeSeparator }: Provider | Settings['providers'][string],
): string[] {
  if (scopes) return scopes;
  return scope ? scope.split(new RegExp(`[ ${scopeSeparator}]+`)).filter(Boolean) : [];
}
