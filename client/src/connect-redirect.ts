import type { Functions } from 'firebase/functions';
import { answerFrom } from './answer.ts';
import { strongroom } from './strongroom.ts';
import type { BeginRequest, Connected } from './types.ts';

/** What the callback adds to `returnTo`, and what is taken off the address again. */
const parameters = ['state', 'code', 'iss', 'error', 'errorDescription', 'parameters'];

/**
 * Connects an account in this very window, where popups are not to be had (in-app browsers). The
 * page is left; `completeRedirect` finishes on the page that `returnTo` names.
 */
export async function connectByRedirect(
  functions: Functions,
  request: BeginRequest,
): Promise<void> {
  const { authorizationUrl } = await strongroom(functions).connections.begin(request);
  location.assign(authorizationUrl);
}

/**
 * Completes what came back in this page's address, if anything did; call it once a user is signed
 * in. The code is taken off the address before it is sent, so that a reload never spends it twice
 * and no Referer carries it.
 */
export async function completeRedirect(functions: Functions): Promise<Connected | undefined> {
  const url = new URL(location.href);
  const answer = answerFrom((name) => {
    const value = url.searchParams.get(name);
    return name === 'parameters' && value !== null ? parsedOf(value) : value;
  });
  if (answer === undefined) return undefined;
  for (const name of parameters) url.searchParams.delete(name);
  history.replaceState(history.state, '', url);
  return strongroom(functions).connections.complete(answer);
}

function parsedOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
