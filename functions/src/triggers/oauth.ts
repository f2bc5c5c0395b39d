import { onRequest, type Request, type Response } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import { callbackPage, errorPage, pageHeaders, withParameters } from './callback-page.ts';
import { callbackParametersOf, withKept } from './callback-parameters.ts';
import { pageAccount } from './options.ts';
import { refusalOf } from './refusal.ts';
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
  const query = new URL(request.url, 'http://localhost').searchParams;
  const told = callbackParametersOf(query);
  const { target, kept } = await suite().callbackTarget(told.state, at.groups?.['provider']);
  const parameters = withKept(told, query, kept);
  if (target.protocol === 'https:' || target.protocol === 'http:') {
    response.status(200).set(pageHeaders).send(callbackPage(target, parameters));
  } else {
    // An app's deep link: there is no window to speak to.
    response.set(pageHeaders).redirect(303, withParameters(target, parameters).href);
  }
}
