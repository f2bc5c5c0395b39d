import type { Response } from 'firebase-functions/https';
import type { ErrorDetails, StrongroomError } from '../errors.ts';
import { fieldsOfRefusal } from '../limits/fields.ts';
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
    .set(fieldsOfRefusal(details))
    .send(
      JSON.stringify({
        ...typeOf(details),
        title: code,
        status: httpStatus,
        detail: message,
        code,
        ...details,
      }),
    );
}

/** The problem type of a quota of ours (draft-ietf-httpapi-ratelimit-headers §5.1). */
const quotaExceeded = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

function typeOf({ limit }: ErrorDetails) {
  if (limit?.quota === undefined) return { type: 'about:blank' };
  return { type: quotaExceeded, 'violated-policies': [limit.policy] };
}
