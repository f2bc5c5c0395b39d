import { StrongroomError } from '../errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import type { TokenRequest } from '../refresh/engine.ts';
import type { TokenCache } from './access-token.ts';

/** After a refusal: with the token that another instance got, then with one got now. */
const mostReplays = 2;
/** How long a token that was refused as soon as it was given is not replaced by force again. */
const pointlessMs = 60_000;
/** Of how many connections that is known; the one noted first makes room. */
const mostNoted = 10_000;

interface Sending<T> {
  readonly request: Omit<TokenRequest, 'newerThan'>;
  readonly send: (opened: Opened) => Promise<T>;
  /** `false`: what is sent can be sent once only; the token is replaced for the next call. */
  readonly canReplay?: boolean;
  /** Gives up an answer that is not handed on. */
  readonly discard?: (answer: T) => void;
}

/**
 * Sends with a token that works: once more with a newer one where the API answers 401, or 403
 * where the provider's settings say that it means the token. Callers of one
 * moment share the refresh. An API that refuses the newest token as well costs 1 token request a
 * minute and instance, not one per call.
 *
 * @throws StrongroomError those of `FreshTokenSet`, and whatever `send` throws.
 */
export type Authorized = <T extends { readonly status: number }>(sending: Sending<T>) => Promise<T>;

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

  return async ({ request, send, canReplay = true, discard }) => {
    const { connectionId } = request;
    const startedAt = clock.now();
    let opened = await tokens.get(request);
    let answer = await send(opened);
    // What was at hand may be older than what is stored, and that be refused as well. A token given
    // since this call began is the last word.
    for (let replays = 0; isRefusal(opened, answer) && replays < mostReplays; replays += 1) {
      if (isPointless(connectionId, opened.generation)) break;
      const next = await renewed(tokens, { ...request, newerThan: opened.generation });
      if (next === undefined) break;
      if (!canReplay) {
        note(connectionId, next.generation);
        break;
      }
      discard?.(answer);
      answer = await send(next);
      if (next.tokenSet.obtainedAt >= startedAt) {
        if (isRefusal(next, answer)) note(connectionId, next.generation);
        break;
      }
      opened = next;
    }
    return answer;
  };
}

/** By the statuses with which this provider's API refuses a token. */
function isRefusal({ provider }: Opened, { status }: { readonly status: number }): boolean {
  return provider.replayOn.some((refusing) => refusing === status);
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
