import { onRequest, type Request, type Response } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import {
  type CallbackParameters,
  callbackPage,
  errorPage,
  pageHeaders,
  withParameters,
} from './callback-page.ts';
import { pageAccount } from './options.ts';
import { refusalOf } from './refusal.ts';
import { responseParameterMaxLength } from './requests.ts';
import { suite } from './suite.ts';

/**
 * `/oauth/callback`, the redirect URI, or below it one of a provider's own. It never exchanges the
 * code: it hands the answer to the app, which finishes as the user who began (`connections-complete`).
 */
export const oauth = onRequest({ serviceAccount: pageAccount }, async (request, response) => {
  try {
    await answer(request, response);
  } catch (error) {
    const { httpStatus, message } = refusalOf('oauth', error);
    response.status(httpStatus).set(pageHeaders).send(errorPage(message));
  }
});

async function answer(request: Request, response: Response): Promise<void> {
  const at = /^(?:\/oauth)?\/callback(?:\/(?<provider>[a-z\d-]{1,63}))?$/.exec(request.path);
  if (at === null) {
    throw new StrongroomError('route_not_found', 'There is nothing here.');
  }
  if (request.method !== 'GET') {
    throw new StrongroomError('method_not_allowed', 'Providers answer with GET.');
  }
  const parameters = parametersOf(request);
  const target = await suite().callbackTarget(parameters.state, at.groups?.['provider']);
  if (target.protocol === 'https:' || target.protocol === 'http:') {
    response.status(200).set(pageHeaders).send(callbackPage(target, parameters));
  } else {
    // An app's deep link: there is no window to speak to.
    response.set(pageHeaders).redirect(303, withParameters(target, parameters).href);
  }
}

/** Each parameter once at most (RFC 6749 §3.1), and no longer than any provider's. */
function parametersOf({ url }: Request): CallbackParameters {
  const query = new URL(url, 'http://localhost').searchParams;
  const one = (name: string): string | undefined => {
    const values = query.getAll(name);
    const length = values[0]?.length ?? 0;
    if (values.length > 1 || length > responseParameterMaxLength) throw badCallback();
    return values[0];
  };
  const state = one('state');
  if (state === undefined || state === '') throw badCallback();
  return {
    state,
    code: one('code'),
    iss: one('iss'),
    error: one('error'),
    errorDescription: one('error_description'),
  };
}

function badCallback(): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    'The provider sent an answer that cannot be used.',
  );
}
