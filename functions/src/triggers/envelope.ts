import type { CallableFunction, Request, Response } from 'firebase-functions/https';
import { answerMalformedJson } from './malformed-json.ts';

/**
 * Lets no callable request that is not in the protocol's envelope (`{"data": …}`) reach the logs:
 * firebase-functions writes the body of such a request there, a code for example.
 */
export function withoutLoggedBodies<T, R, S>(
  callable: CallableFunction<T, R, S>,
): CallableFunction<T, R, S> {
  const guarded = (request: Request, response: Response) => {
    answerMalformedJson(request.app);
    if (request.body?.data === undefined) request.body = {};
    return callable(request, response);
  };
  const { __endpoint, run, stream } = callable;
  return Object.assign(guarded, { __endpoint, run, stream });
}
