import { type Egress, EgressError, type IncomingAnswer } from '../egress/egress.ts';
import { StrongroomError, unavailable } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import type { TokenCache } from './access-token.ts';
import { redactEchoes } from './redact.ts';
import { type ApiCall, headersOf, shownHeadersOf, urlOf } from './request-guard.ts';

/** The provider's answer, with the headers that callers may see. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Calls a connection's API as its user. */
export type CallApi = (
  caller: Caller,
  connectionId: string,
  call: ApiCall,
  deadlineAt: number,
) => Promise<ApiAnswer>;

/** Limit of the provider's answer. */
const answerMaxBytes = 10_000_000;
/** After a 401: with the token that another instance got, then with one got now. */
const mostReplays = 2;

interface CallDependencies {
  readonly tokens: TokenCache;
  readonly egress: Egress;
  readonly clock: Clock;
}

/**
 * @throws StrongroomError of the guard (`method_not_allowed`, `path_not_allowed`,
 *   `header_not_allowed`) before anything is sent; those of `FreshTokenSet`; `unavailable`,
 *   `answer_too_large`.
 */
export function createCallApi({ tokens, egress, clock }: CallDependencies): CallApi {
  const send = async (
    { tokenSet, provider }: Opened,
    call: ApiCall,
    deadlineAt: number,
  ): Promise<IncomingAnswer> => {
    const timeoutMs = deadlineAt - clock.ticks();
    if (timeoutMs <= 0) throw new StrongroomError('deadline_exceeded', 'The call took too long.');
    try {
      const answer = await egress({
        url: urlOf(provider, call),
        allowedOrigins: [new URL(provider.apiBaseUrl).origin],
        method: call.method,
        // RFC 6750 §2.1.
        headers: {
          ...headersOf(provider, call.headers, call.otherHeaders),
          authorization: `Bearer ${tokenSet.accessToken}`,
        },
        body: call.body,
        timeoutMs,
        maxBytes: answerMaxBytes,
        keepAlive: true,
      });
      return provider.redactEchoes ? redactEchoes(answer, tokenSet.accessToken) : answer;
    } catch (error) {
      throw error instanceof EgressError ? asCallError(error) : error;
    }
  };

  return async ({ uid }, connectionId, call, deadlineAt) => {
    const request = { uid, connectionId, deadlineAt };
    const startedAt = clock.now();
    let opened = await tokens.get(request);
    let answer = await send(opened, call, deadlineAt);
    // What was at hand may be older than what is stored, and that be refused as well. A token given
    // since this call began is the last word.
    for (let replays = 0; answer.status === 401 && replays < mostReplays; replays += 1) {
      const next = await renewed(tokens, { ...request, newerThan: opened.generation });
      if (next === undefined) break;
      answer = await send(next, call, deadlineAt);
      if (next.tokenSet.obtainedAt >= startedAt) break;
      opened = next;
    }
    const { status, headers, body } = answer;
    return { status, headers: shownHeadersOf(headers), body };
  };
}

/** A newer token set than the one refused; none where there is nothing to refresh with. */
async function renewed(
  tokens: TokenCache,
  request: Parameters<TokenCache['get']>[0],
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

function asCallError(error: EgressError): StrongroomError {
  switch (error.kind) {
    case 'refused':
      return new StrongroomError(
        'egress_refused',
        'The API address of this provider is not one that may be called. Correct its settings.',
      );
    case 'too_large':
      return new StrongroomError(
        'answer_too_large',
        `The answer is larger than ${answerMaxBytes} bytes. Ask for a smaller page or range.`,
      );
    case 'timeout':
      return new StrongroomError('deadline_exceeded', 'The API did not answer in time.', {
        dependency: 'provider',
      });
    case 'unreachable':
    case 'dropped':
      return unavailable('provider');
  }
}
