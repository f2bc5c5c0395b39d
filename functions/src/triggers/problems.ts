import type { Response } from 'firebase-functions/https';
import type { StrongroomError } from '../errors.ts';
import { privateHeaders } from '../private-headers.ts';

/** Answers with problem details (RFC 9457); `code` is the stable code. */
export function sendProblem(response: Response, error: StrongroomError): void {
  const { code, message, httpStatus, details } = error;
  if (details.retryAfterSeconds !== undefined) {
    response.set('retry-after', String(details.retryAfterSeconds));
  }
  response
    .status(httpStatus)
    .set({ 'content-type': 'application/problem+json', ...privateHeaders })
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: code,
        status: httpStatus,
        detail: message,
        code,
        ...details,
      }),
    );
}
