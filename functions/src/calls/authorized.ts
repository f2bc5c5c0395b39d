import { StrongroomError, unavailable } from '../errors.ts';
import { noteNonce } from '../oauth/dpop.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import type { TokenRequest } from '../refresh/engine.ts';
import type { TokenCache } from './access-token.ts';
import { apiOf } from './api-base.ts';
import { refusesToken } from './refused-token.ts';

/** After a refusal: with the token that another instance got, then with one got now. */
const mostReplays = 2;
/** How long a token that was refused as soon as it was given is not replaced by force again. */
const pointlessMs = 60_000;
/** Of how many connections that is known; the one noted first makes room. */
const mostNoted = 10_000;

/** As far as an answer is looked at here; the names of headers are in lower case. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Sending<T> {
  readonly request: Omit<TokenRequest, 'newerThan'>;
  readonly send: (opened: Opened) => Promise<T>;
  /** `false`: what is sent can be sent once only; the token is replaced for the next call. */
  readonly canReplay?: boolean;
  /** The body of an answer, where it is at hand: the API may refuse by it. */
  readonly bodyOf?: (answer: T) => Uint8Array | string | undefined;
  /** Gives up an answer that is not handed on. */
  readonly discard?: (answer: T) => void;
}

/**
 * Sends with a token that works: once more with a newer one where the API answers 401, or
 * otherwise as the provider's settings say that it means the token. Callers of one moment share the
 * refresh. An API that refuses the newest token as well costs 1 token request a
 * minute and instance, not one per call. An API that asks for a nonce in the proof (RFC 9449 §9) is
 * sent one.
 *
 * @throws StrongroomError those of `FreshTokenSet`, and whatever `send` throws; `unavailable` where a
 *   nonce is asked for and the request cannot be sent again.
 */
export type Authorized = <T extends Answer>(sending: Sending<T>) => Promise<T>;

export function createAuthorized(tokens: Pick<TokenCache, 'get'>, clock: Clock): Authorized {
  const noted = new Map<string, { generation: number; until: number }>();

  const note = (connectionId: string, generation: number): void => {
    noted.delete(connectionId);
    noted.set(connectionId, { generation, until: clock.ticks() + pointlessMs });
    const oldest = noted.keys().next().value;
    if (noted.size > mostNoted && oldest !== undefined) noted.delete(oldest);
  };
  const isPointless = (connectionId: string, generation: number): boolean => {
    const last = noted.get(connectionId);
    return last !== undefined && generation <= last.generation && clock.ticks() < last.until;
  };

  return async (sending) => {
    const { request, canReplay = true, discard } = sending;
    const send = (opened: Opened) => sendProven(sending, opened);
    const { connectionId } = request;
    const startedAt = clock.now();
    let opened = await tokens.get(request);
    let answer = await send(opened);
    // What was at hand may be older than what is stored, and that be refused as well. A token given
    // since this call began is the last word.
    for (
      let replays = 0;
      isRefusal(sending, opened, answer) && replays < mostReplays;
      replays += 1
    ) {
      if (isPointless(connectionId, opened.generation)) break;
      const next = await renewed(tokens, { ...request, newerThan: opened.generation });
      if (next === undefined) {
        note(connectionId, opened.generation);
        break;
      }
      if (!canReplay) {
        note(connectionId, next.generation);
        break;
      }
      discard?.(answer);
      answer = await send(next);
      if (next.tokenSet.obtainedAt >= startedAt) {
        if (isRefusal(sending, next, answer)) note(connectionId, next.generation);
        break;
      }
      opened = next;
    }
    return answer;
  };
}

/** Once more where the API asks for a nonce: that it refuses says nothing of the token. */
async function sendProven<T extends Answer>(
  { send, canReplay = true, discard }: Sending<T>,
  opened: Opened,
): Promise<T> {
  const { provider, tokenSet } = opened;
  const { dpopKey } = tokenSet;
  const answer = await send(opened);
  if (dpopKey === undefined) return answer;
  const { base } = apiOf(provider, tokenSet);
  noteNonce(dpopKey, 'resource', base, answer.headers['dpop-nonce']);
  if (!asksForNonce(answer)) return answer;
  discard?.(answer);
  if (!canReplay) throw unavailable('provider');
  const second = await send(opened);
  noteNonce(dpopKey, 'resource', base, second.headers['dpop-nonce']);
  return second;
}

/** RFC 9449 §9. */
function asksForNonce({ status, headers }: Answer): boolean {
  const challenge = String(headers['www-authenticate'] ?? '');
  return (
    status === 401 &&
    headers['dpop-nonce'] !== undefined &&
    /\bdpop\b.*\berror="?use_dpop_nonce\b/is.test(challenge)
  );
}

function isRefusal<T extends Answer>(
  { bodyOf }: Sending<T>,
  { provider }: Opened,
  answer: T,
): boolean {
  return refusesToken(provider, answer.status, bodyOf?.(answer));
}

/** A newer token set than the one refused; none where there is nothing to refresh with. */
async function renewed(
  tokens: Pick<TokenCache, 'get'>,
  request: TokenRequest,
): Promise<Opened | undefined> {
  try {
    return await tokens.get(request);
  } catch (error) {
    const hopeless =
      error instanceof StrongroomError && error.details.reason === 'no_refresh_token';
    if (hopeless) return undefined;
    throw error;
  }
}
