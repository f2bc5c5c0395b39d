import type { ServerResponse } from 'node:http';
import { EgressError } from '../egress/egress.ts';

/** What one request and its answer last. */
export interface Exchange {
  /** Aborted, with an EgressError, at the deadline or when the client has left. */
  readonly signal: AbortSignal;
  /** Ends what is still under way. */
  end(): void;
  /** Lets go of the timer. */
  release(): void;
}

/** Begins an exchange that ends with its response, and at the latest after `timeoutMs`. */
export function beginExchange(response: ServerResponse, timeoutMs: number): Exchange {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (kind: EgressError['kind']) => {
    if (signal.aborted) return;
    // What has begun must not look whole.
    if (response.headersSent) response.destroy();
    controller.abort(new EgressError(kind, 'unknown'));
  };
  const late = () => end('timeout');
  if (timeoutMs <= 0) late();
  const timer = setTimeout(late, Math.max(0, timeoutMs));
  const left = () => {
    if (!response.writableFinished) end('dropped');
  };
  if (response.closed) left();
  response.once('close', left);
  // Writing to a client who has left is no error of ours.
  response.on('error', () => {});
  return { signal, end: () => end('dropped'), release: () => clearTimeout(timer) };
}
