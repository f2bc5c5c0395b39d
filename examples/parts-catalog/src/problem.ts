import type { Response } from 'firebase-functions/https';
import { BearerRefusal, IssuerUnavailable } from '../../../functions/src/identity/bearer.ts';

/** An answer that says no (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function notFound(): Problem {
  return new Problem(404, 'There is no such part.');
}

/** The codebase lacks what its operator must set. Its message is for the log. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured';
}

/** What is answered for an error. Of a defect nothing is told. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BearerRefusal) return new Problem(error.status, error.message);
  if (error instanceof IssuerUnavailable) {
    return new Problem(503, 'Tokens cannot be checked now. Try again in a moment.');
  }
  return new Problem(500, 'Something went wrong here. It was logged.');
}

export function sendProblem(response: Response, { status, message: detail }: Problem): void {
  response
    .status(status)
    .set('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', status, detail }));
}
