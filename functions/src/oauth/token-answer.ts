import { isObject } from '../platform/member.ts';
import { errorCodeIn, statusTelling } from '../providers/quirks/error-in-200.ts';
import { membersOfForm } from '../providers/quirks/form-encoded-answer.ts';

/** A token endpoint's answer in the shape that `oauth4webapi` reads. */
export interface MendedAnswer {
  readonly response: Response;
  /** The same without its ID token. */
  readonly withoutIdToken: Response;
  readonly told: Told;
}

/** What the members of RFC 6749 §5.1 and §5.2 tell; `undefined`: nothing, or nothing readable. */
interface Told {
  readonly access_token: string | undefined;
  readonly refresh_token: string | undefined;
  /** Be it valid or not. */
  readonly id_token: string | undefined;
  /** Lower case; `bearer` where the answer names none. */
  readonly token_type: string;
  readonly expires_in: number | undefined;
  readonly scope: string | undefined;
  readonly error: string | undefined;
}

/**
 * Turns whatever came from a token endpoint into what `oauth4webapi` reads: a form becomes JSON, an
 * `error` in place of a token becomes a 400, and what tells nothing is left out: a member that
 * cannot be read must not cost the tokens beside it. What is no answer of OAuth's stays as it is.
 */
export async function mendTokenAnswer(response: Response): Promise<MendedAnswer> {
  // Of a 5xx nothing but the status counts.
  const said = response.status < 500 ? await membersOf(response.clone()) : undefined;
  const told = toldBy(said ?? {});
  if (said === undefined) return { response, withoutIdToken: response, told };
  const headers = new Headers(response.headers);
  headers.set('content-type', 'application/json');
  // The library would look at the challenge first, which says less than the body.
  if (told.error !== undefined) headers.delete('www-authenticate');
  const isError = told.error !== undefined && told.access_token === undefined;
  const status = isError ? statusTelling(response.status) : response.ok ? 200 : response.status;
  // A provider's own members are plain values.
  const own = Object.entries(said).filter(([, value]) => typeof value !== 'object');
  const members = { ...Object.fromEntries(own), ...told };
  const answer = (body: object) => new Response(JSON.stringify(body), { status, headers });
  return {
    response: answer(members),
    withoutIdToken: answer({ ...members, id_token: undefined }),
    told,
  };
}

/** The members of a JSON object, whatever it is called, or of a form. */
export async function membersOf(response: Response): Promise<Record<string, unknown> | undefined> {
  const contentType = response.headers.get('content-type') ?? '';
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { ...value } : undefined;
  } catch {
    return membersOfForm(text, contentType);
  }
}

function toldBy(said: Readonly<Record<string, unknown>>): Told {
  return {
    access_token: textOf(said['access_token']),
    refresh_token: textOf(said['refresh_token']),
    id_token: textOf(said['id_token']),
    token_type: tokenTypeOf(said['token_type']),
    expires_in: secondsOf(said['expires_in']),
    scope: scopeOf(said['scope']),
    error: errorCodeIn(said['error']),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Many leave it out, though RFC 6749 §5.1 requires it, and mean Bearer. */
function tokenTypeOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'bearer';
  return typeof value === 'string' ? value.trim().toLowerCase() || 'unreadable' : 'unreadable';
}

/** Also a number as text; what it tells is for `tokenSetOf` to judge. */
export function secondsOf(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value);
  const seconds = isText ? Number(value) : value;
  const isRead = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0;
  return isRead ? seconds : undefined;
}

/** Also a list. */
function scopeOf(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((scope) => typeof scope === 'string');
  if (isList) return value.join(' ');
  return typeof value === 'string' ? value : undefined;
}
