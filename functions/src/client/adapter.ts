import { Readable } from 'node:stream';
import {
  Axios,
  type AxiosAdapter,
  AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import { apiOf } from '../calls/api-base.ts';
import type { Authorized } from '../calls/authorized.ts';
import { acceptOver, credentialOf, headersFor, withCredential } from '../calls/credential.ts';
import { assertNoCredential } from '../calls/request-guard.ts';
import { urlWithin } from '../calls/request-url.ts';
import type { Door } from '../egress/adapter.ts';
import { EgressError } from '../egress/egress.ts';
import type { Limits } from '../limits/limits.ts';
import { sendWithin } from '../limits/send-within.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import { detached } from './detached.ts';
import { bufferedMaxBytes, explain } from './explain.ts';
import { beginLimit, type Limit } from './limit.ts';
import { backOffMs, isRepeatable, mostRetries, waitMsAfter } from './retry.ts';

export interface AdapterDependencies {
  readonly authorized: Authorized;
  readonly door: Door;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Whose connection, and until when a call that begins now may last, in the clock's ticks. */
interface Bound {
  readonly uid: string;
  readonly connectionId: string;
  readonly deadlineFrom: (now: number) => number;
}

const addresses = new Axios({});

/**
 * What an axios instance sends its requests through. It adds the credential below all interceptors,
 * so that neither they, nor an answer's `config`, nor an error ever hold it; what the caller's
 * interceptors see is one request and one answer, however often it was sent.
 */
export function createAdapter(dependencies: AdapterDependencies, bound: Bound): AxiosAdapter {
  const { authorized, clock } = dependencies;
  const { uid, connectionId, deadlineFrom } = bound;
  return async (config) => {
    const limit = beginLimit(config, deadlineFrom(clock.ticks()), clock);
    let data: unknown;
    try {
      limit.signal.throwIfAborted();
      const answer = await limit.race(
        authorized({
          request: { uid, connectionId, deadlineAt: limit.deadlineAt },
          send: (opened) => send(dependencies, config, connectionId, opened, limit),
          canReplay: canReplay(config.data),
          bodyOf: contentOf,
          discard,
        }),
      );
      data = answer.data instanceof Readable ? detached(answer.data, limit, config) : answer.data;
      const { status, statusText, headers } = answer;
      return settled({ status, statusText, headers, data, config });
    } catch (error) {
      const told = explain(limit.signal.aborted ? limit.signal.reason : error, config);
      // What is still under way must not outlive its call.
      if (!(data instanceof Readable)) limit.end(told);
      throw told;
    } finally {
      if (!(data instanceof Readable)) limit.release();
    }
  };
}

/** One request with one token, sent again while what hinders it passes by itself. */
async function send(
  { door, limits, clock, random }: AdapterDependencies,
  config: InternalAxiosRequestConfig,
  connectionId: string,
  { provider, tokenSet, uid }: Opened,
  limit: Limit,
): Promise<AxiosResponse<unknown>> {
  if (config.auth !== undefined) assertNoCredential(provider, { authorization: '' });
  assertNoCredential(provider, AxiosHeaders.from(config.headers).toJSON());
  const method = (config.method ?? 'get').toUpperCase();
  const api = apiOf(provider, tokenSet);
  const credential = credentialOf(provider, tokenSet);
  const url = withCredential(urlWithin(api, method, addresses.getUri(config)), credential);
  const repeatable = canReplay(config.data) && isRepeatable(method, config.headers);
  const isStream = config.responseType === 'stream';
  const { maxContentLength: asked = -1 } = config;
  const maxContentLength = isStream || asked > -1 ? asked : bufferedMaxBytes;

  const { signal, deadlineAt, sleep: wait } = limit;
  const { pathname: path } = url;
  const request = { uid, connectionId, provider, path, deadlineAt, wait };
  const sendOnce = async () => {
    signal.throwIfAborted();
    const proven = await headersFor(credential, method, url);
    const accept = acceptOver(credential, config.headers.get('accept'));
    const headers = AxiosHeaders.concat(credential.apiHeaders, config.headers, accept, proven);
    const sent = { ...config, maxContentLength };
    const { certificate } = credential;
    return door({
      url,
      allowedOrigin: url.origin,
      method,
      headers,
      signal,
      certificate,
      config: sent,
    });
  };

  for (let retries = 0; ; retries += 1) {
    signal.throwIfAborted();
    let waitMs: number | undefined;
    let outcome: AxiosResponse<unknown> | EgressError;
    try {
      ({ answer: outcome } = await sendWithin(limits, request, { send: sendOnce, bodyOf, signal }));
      waitMs = waitMsAfter(outcome, retries, random);
    } catch (error) {
      const lost = error instanceof EgressError && /^(dropped|unreachable)$/.test(error.kind);
      if (!lost) throw error;
      outcome = error;
      waitMs = backOffMs(retries, random);
    }
    const mayWait =
      repeatable &&
      retries < mostRetries &&
      waitMs !== undefined &&
      clock.ticks() + waitMs < limit.deadlineAt;
    if (!mayWait) {
      if (outcome instanceof EgressError) throw outcome;
      return outcome;
    }
    if (!(outcome instanceof EgressError)) discard(outcome);
    await limit.sleep(waitMs ?? 0);
  }
}

/** A stream can be sent once: there is no second copy of it. */
function canReplay(data: unknown): boolean {
  const isStream =
    typeof data === 'object' && data !== null && 'pipe' in data && typeof data.pipe === 'function';
  return !isStream;
}

function discard(answer: AxiosResponse<unknown>): void {
  bodyOf(answer)?.destroy();
}

/** Where it was read. */
function contentOf({ data }: AxiosResponse<unknown>): Uint8Array | string | undefined {
  return typeof data === 'string' || data instanceof Uint8Array ? data : undefined;
}

/** Where it is still to be read. */
function bodyOf({ data }: AxiosResponse<unknown>): Readable | undefined {
  return data instanceof Readable ? data : undefined;
}

/** By `validateStatus`, as axios' own adapters do. @throws AxiosError */
function settled(answer: AxiosResponse<unknown>): AxiosResponse<unknown> {
  const { status, config } = answer;
  if (config.validateStatus == null || config.validateStatus(status)) return answer;
  const code = status >= 500 ? AxiosError.ERR_BAD_RESPONSE : AxiosError.ERR_BAD_REQUEST;
  const message = `Request failed with status code ${status}`;
  throw new AxiosError(message, code, config, undefined, answer);
}
