import type { Readable } from 'node:stream';
import { EgressError } from '../egress/egress.ts';
import type { AdmissionRequest, Limits } from './limits.ts';

interface Sending<T> {
  readonly send: () => Promise<T>;
  /** The answer's body where it is still to be read: the call goes on until it closes. */
  readonly bodyOf?: (answer: T) => Readable | undefined;
  /** Ends the call: what it ends says nothing of the API. */
  readonly signal?: AbortSignal;
  /** Nor does what ends otherwise: who sends a stream can break it off. */
  readonly isBlameless?: boolean;
}

/** An answer, and what an HTTP answer of ours says of the caller's limits. */
export interface Limited<T> {
  readonly answer: T;
  readonly limitFields: Readonly<Record<string, string>>;
}

/**
 * Sends one request once the limits let it through, and tells them what became of it.
 *
 * @throws StrongroomError those of `Limits.admit`; whatever `send` throws.
 */
export async function sendWithin<T extends { readonly status: number; readonly headers: object }>(
  limits: Limits,
  request: AdmissionRequest,
  { send, bodyOf, signal, isBlameless = false }: Sending<T>,
): Promise<Limited<T>> {
  const admitted = await limits.admit(request);
  let body: Readable | undefined;
  try {
    const answer = await send();
    body = bodyOf?.(answer);
    body?.once('close', () => void admitted.release());
    await admitted.note({ status: answer.status, headers: { ...answer.headers } });
    return { answer, limitFields: admitted.fields };
  } catch (error) {
    const isTheirs = error instanceof EgressError && signal?.aborted !== true && !isBlameless;
    if (isTheirs) await admitted.note(error);
    throw error;
  } finally {
    if (body === undefined || body.closed) await admitted.release();
  }
}
