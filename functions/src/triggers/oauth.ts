import { onRequest, type Request, type Response } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import { callbackPage, errorPage, pageHeaders, withParameters } from './callback-page.ts';
import { callbackParametersOf, stateIn } from './callback-parameters.ts';
import { pageAccount } from './options.ts';
import { receivedOf } from './received.ts';
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
  const received = receivedOf(request);
  const awaited = await suite().callbackTarget(stateIn(received), at.groups?.['provider']);
  const parameters = callbackParametersOf(received, awaited);
  const { target } = awaited;
  if (target.protocol === 'https:' || target.protocol === 'http:') {
    response.status(200).set(pageHeaders).send(callbackPage(target, parameters));
  } else {
    // An app's deep link: there is no window to speak to.
    response.set(pageHeaders).redirect(303, withParameters(target, parameters).href);
  }
}
