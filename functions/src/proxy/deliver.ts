import type { IncomingMessage, ServerResponse } from 'node:http';
import { trailersOf } from './answer-headers.ts';
import { createRedaction } from './redact-stream.ts';

export interface Delivery {
  /** Over the body as well as over the trailers: see `createRedaction`. */
  readonly redactBody: boolean;
  readonly forms: readonly string[];
}

/**
 * Hands an answer's body on as it comes, at the pace of its reader. Resolves when our answer is over,
 * whole or not. One that breaks off at the API breaks off here too: it must not look whole.
 */
export function deliver(
  answer: IncomingMessage,
  response: ServerResponse,
  { redactBody, forms }: Delivery,
): Promise<void> {
  return new Promise((resolve) => {
    const body = redactBody ? answer.pipe(createRedaction(forms)) : answer;
    const breakOff = () => {
      if (!answer.complete) response.destroy();
    };
    response.once('close', resolve);
    answer.once('error', breakOff);
    answer.once('close', breakOff);
    body.once('end', () => {
      response.addTrailers(trailersOf(answer.trailers, forms));
      response.end();
    });
    // Whoever waits for events wants to know at once that there will be some.
    if (answer.readableLength === 0 && !answer.complete) response.flushHeaders();
    body.pipe(response, { end: false });
  });
}
