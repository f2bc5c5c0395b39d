import { onRequest, type Request, type Response } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import { callerOfRequest, sessionOnly } from '../identity/caller.ts';
import { systemClock } from '../platform/clock.ts';
import { authorize, identify } from './api-caller.ts';
import { assertBodySize } from './bodies.ts';
import { challengeFor } from './challenge.ts';
import { unknownPath } from './guards.ts';
import { leaveDomain } from './leave-domain.ts';
import { answerMalformedJson } from './malformed-json.ts';
import { deadlineFrom, requestTimeoutSeconds } from './options.ts';
import { sendProblem } from './problems.ts';
import { refusalOf } from './refusal.ts';
import { resuming } from './resuming.ts';
import { routes } from './routes.ts';

/** `/v1/…`: what the callables do, for plain HTTPS clients, and the proxy. */
export const api = onRequest(
  { timeoutSeconds: requestTimeoutSeconds },
  async (request, response) => {
    leaveDomain();
    try {
      answerMalformedJson(request.app);
      await answer(request, response);
    } catch (error) {
      const refusal = refusalOf('api', error);
      const challenge = challengeFor(request, refusal);
      if (challenge !== undefined) response.set('www-authenticate', challenge);
      sendProblem(response, refusal);
    }
  },
);

async function answer(request: Request, response: Response): Promise<void> {
  const deadlineAt = deadlineFrom(systemClock.ticks());
  const here = routes.filter(({ path }) => path.test(request.path));
  // HEAD is GET without the body (RFC 9110 §9.3.2), which Express leaves out.
  const asked = request.method === 'HEAD' ? ['HEAD', 'GET'] : [request.method];
  const route = here.find(({ method }) => method === undefined || asked.includes(method));
  // Who is not signed in learns nothing, not even which paths there are.
  const checks = route?.checks ?? unknownPath;
  const who = await identify(request, checks());
  if (route === undefined) {
    if (here.length === 0) throw routeNotFound();
    // RFC 9110 §15.5.6.
    const methods = here.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    response.set('allow', methods.join(', '));
    throw methodNotAllowed();
  }
  assertBodySize(request.rawBody, route.maxBytes);
  const groups = route.path.exec(request.path)?.groups ?? {};
  const access = { scope: route.scope, connectionId: groups['id'] };
  const caller = await authorize(who, request, access);
  const isBack = () => callerOfRequest(request, { ...checks(), ...sessionOnly });
  await resuming(caller, isBack, () =>
    route.handle({ caller, request, response, groups, deadlineAt }),
  );
}

function methodNotAllowed(): StrongroomError {
  return new StrongroomError('method_not_allowed', 'This path does not take that method.', {
    field: 'method',
  });
}

function routeNotFound(): StrongroomError {
  return new StrongroomError(
    'route_not_found',
    'There is nothing at this path. See /v1/connections.',
  );
}
