import { setTimeout as delay } from 'node:timers/promises';
import { AxiosError, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import { StrongroomError } from '../errors.ts';
import type { Clock } from '../platform/clock.ts';

/** The end of one call: its deadline, or the caller's wish. */
export interface Limit {
  /** Aborted with the error that the caller is to be told. */
  readonly signal: AbortSignal;
  /** In the clock's ticks. */
  readonly deadlineAt: number;
  /** What the work gives, unless the end comes first. @throws the reason of the end. */
  race<T>(work: Promise<T>): Promise<T>;
  /** @throws the reason of the end. */
  sleep(delayMs: number): Promise<void>;
  /** Ends what is still under way. */
  end(error: Error): void;
  /** Does not keep the process for what nobody may read. */
  unref(): void;
  /** Lets go of the timer and of the caller's signals: the call is over. */
  release(): void;
}

/** Node takes no longer ones. */
const longestTimerMs = 2 ** 31 - 1;

/** Begins a call that is over at `deadlineAt`, or after axios' own `timeout`, or by its signals. */
export function beginLimit(
  config: InternalAxiosRequestConfig,
  latestAt: number,
  clock: Clock,
): Limit {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (error: Error) => controller.abort(error);
  const cancel = () => end(new CanceledError(undefined, config));

  const now = clock.ticks();
  const { timeout = 0, signal: callers, cancelToken } = config;
  const isShorter = timeout > 0 && now + timeout < latestAt;
  const deadlineAt = isShorter ? now + timeout : latestAt;
  const late = () => end(isShorter ? timedOut(config, timeout) : deadlineExceeded());
  if (deadlineAt <= now) late();
  const timer = setTimeout(late, Math.min(Math.max(0, deadlineAt - now), longestTimerMs));
  if (callers?.aborted === true) cancel();
  callers?.addEventListener?.('abort', cancel);
  cancelToken?.subscribe(cancel);

  return {
    signal,
    deadlineAt,
    end,
    unref: () => timer.unref(),
    async race(work) {
      let leave = () => {};
      const ended = new Promise<never>((_resolve, reject) => {
        const onAbort = () => reject(signal.reason);
        leave = () => signal.removeEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      });
      try {
        return await Promise.race([ended, work]);
      } finally {
        leave();
      }
    },
    async sleep(delayMs) {
      try {
        await delay(delayMs, undefined, { signal });
      } catch {
        throw signal.reason;
      }
    },
    release() {
      clearTimeout(timer);
      callers?.removeEventListener?.('abort', cancel);
      cancelToken?.unsubscribe(cancel);
    },
  };
}

function deadlineExceeded(): StrongroomError {
  return new StrongroomError(
    'deadline_exceeded',
    'The API did not answer within the deadline of the call. Ask for less, or set timeoutMs.',
    { dependency: 'provider' },
  );
}

/** As axios has it for its own `timeout`. */
function timedOut(config: InternalAxiosRequestConfig, timeoutMs: number): AxiosError {
  const { timeoutErrorMessage, transitional } = config;
  const code = transitional?.clarifyTimeoutError === true ? 'ETIMEDOUT' : 'ECONNABORTED';
  const message = timeoutErrorMessage ?? `timeout of ${timeoutMs}ms exceeded`;
  return new AxiosError(message, code, config);
}
