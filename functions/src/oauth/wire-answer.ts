import { memberOf } from '../platform/member.ts';
import { errorCodeIn } from '../providers/quirks/error-in-200.ts';
import type { WireAnswer } from '../providers/quirks/quirk.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { membersOf, secondsOf } from './token-answer.ts';

type Members = NonNullable<WireAnswer['members']>;
type Paths = Extract<Provider, { answerPaths: unknown }>['answerPaths'];

/** What `membersOf` and the provider's data make of an answer. */
export async function wireAnswerOf(
  response: Response,
  provider: Provider,
  now: () => number,
): Promise<WireAnswer> {
  const { status, headers } = response;
  // Of a 5xx nothing but the status counts.
  const said = status < 500 ? await membersOf(response) : undefined;
  const saidAt = Date.parse(headers.get('date') ?? '');
  const members = said && standard(said, provider, Number.isNaN(saidAt) ? now() : saidAt);
  return { status, headers, members };
}

/** The answer once more, for who reads one from the wire. */
export function responseOf({ status, headers, members }: WireAnswer): Response {
  if (members === undefined) return new Response(null, { status, headers });
  const readable = new Headers(headers);
  readable.set('content-type', 'application/json');
  const flat = Object.entries(members).map(([name, value]) => [name, flattened(value)] as const);
  // What has no body (RFC 9110 §15.3.5) has no members either.
  return new Response(JSON.stringify(Object.fromEntries(flat)), { status, headers: readable });
}

/** Nobody reads further than to a list of texts, and what is too deep could not be written. */
function flattened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : {};
}

/**
 * The members of RFC 6749 §5.1 and §5.2 by their own names. What stands beside an access token that is
 * further down counts as if it stood at the top: it is about that token.
 */
function standard(said: Members, provider: Provider, saidAt: number): Members {
  const { answerPaths: paths = {}, bearerNames = [] } = 'quirks' in provider ? provider : {};
  const found = { ...said, ...besideToken(said, paths), ...at(paths, said) };
  const { token_type: type, expires_at: end, expires_in: seconds } = found;
  const isBearer = typeof type === 'string' && bearerNames.includes(type.toLowerCase());
  const isTold = (secondsOf(seconds) ?? 0) >= 1;
  const untilEnd = isTold ? undefined : secondsUntil(end, saidAt);
  return {
    ...found,
    ...(isBearer && { token_type: 'bearer' }),
    ...(untilEnd !== undefined && { expires_in: untilEnd }),
  };
}

/** What the paths lead to; where one leads nowhere, the top counts. */
function at(paths: Paths, said: Members): Members {
  const entries = Object.entries(paths).flatMap(([name, path]) => {
    const value = memberOf(said, path);
    const isError = name === 'error';
    const isNothing = isError ? errorCodeIn(value) === undefined : value === undefined;
    return isNothing ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function besideToken(said: Members, { access_token: path }: Paths): Members {
  const names = typeof path === 'string' ? path.split('.') : (path ?? []);
  if (names.length < 2 || memberOf(said, names) === undefined) return {};
  return { ...Object(memberOf(said, names.slice(0, -1))) };
}

/** Seconds since the epoch have that many digits at most until the year 5138. */
const mostSeconds = 1e11;
const isoDate = /^\d{4}-\d\d-\d\d[T ]\d/;

/** How long it is until a point in time: seconds or milliseconds since the epoch, or ISO 8601. */
function secondsUntil(end: unknown, saidAt: number): number | undefined {
  const epoch = secondsOf(end);
  const isText = typeof end === 'string' && isoDate.test(end);
  const endMs = isText ? Date.parse(end) : epoch && (epoch < mostSeconds ? epoch * 1_000 : epoch);
  if (endMs === undefined || Number.isNaN(endMs) || endMs <= 0) return undefined;
  // One that is over is no token without an end.
  return Math.max(1, Math.floor((endMs - saidAt) / 1_000));
}
