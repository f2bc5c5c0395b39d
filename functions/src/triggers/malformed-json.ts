import type { ErrorRequestHandler } from 'express';
import type { Request } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import { sendProblem } from './problems.ts';

type Application = Request['app'];
const prepared = new WeakSet<Application>();

/**
 * A body that is not JSON is met by the platform's parser before any function sees it, and answered
 * with a page that quotes it. From an instance's first request on, this answers it with our own
 * stable code instead.
 */
export function answerMalformedJson(app: Application): void {
  if (prepared.has(app)) return;
  prepared.add(app);
  const answerParserError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (!isParserError(error)) return next(error);
    sendProblem(
      response,
      error.type === 'entity.too.large'
        ? new StrongroomError('body_too_large', 'The body is too large.')
        : new StrongroomError('malformed_json', 'The body is not valid JSON.'),
    );
  };
  app.use(answerParserError);
}

/** https://github.com/expressjs/body-parser#errors */
function isParserError(error: unknown): error is { type: string } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'type' in error &&
    (error.type === 'entity.parse.failed' || error.type === 'entity.too.large')
  );
}
