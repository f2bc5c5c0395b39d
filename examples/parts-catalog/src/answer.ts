import type { Request, Response } from 'firebase-functions/https';
import * as logger from 'firebase-functions/logger';
import { BearerRefusal, challengeOf } from '../../../functions/src/identity/bearer.ts';
import { answerMalformedJson } from '../../../functions/src/triggers/malformed-json.ts';
import { createGuard } from './guard.ts';
import { asProblem, Misconfigured, sendProblem } from './problem.ts';
import { findRoute } from './routes.ts';

let made: ReturnType<typeof createGuard> | undefined;
/** Made at the first request: while its variables are missing, every request is refused. */
function guard() {
  made ??= createGuard(process.env);
  return made;
}

export async function answer(request: Request, response: Response): Promise<void> {
  try {
    answerMalformedJson(request.app);
    const route = findRoute(request.method, request.path);
    // Before anything is done; who may not come learns nothing, not even what there is.
    await guard()(request, route.scope);
    await route.handle(request, response);
  } catch (error) {
    if (error instanceof BearerRefusal) {
      response.set('www-authenticate', challengeOf('parts', error));
    }
    const problem = asProblem(error);
    if (problem.status === 500) logDefect(error);
    sendProblem(response, problem);
  }
}

/** Its type alone: what a foreign error says could quote the request. */
function logDefect(error: unknown): void {
  const type = error instanceof Error ? error.name : typeof error;
  logger.error(error instanceof Misconfigured ? error.message : 'unexpected error', { type });
}
