import type { Functions } from 'firebase/functions';
import { answerFrom } from './answer.ts';
import { isRecord, StrongroomClientError } from './errors.ts';
import { strongroom } from './strongroom.ts';
import type { AuthorizationAnswer, BeginRequest, Begun, Connected } from './types.ts';

/** The browser has no event for a popup that its user closed. */
const closedPollMs = 250;
/** The callback posts its answer, then closes itself: the answer may arrive a little later. */
const lateAnswerMs = 1_000;
/** A device whose clock is fast must not give up at once. */
const leastWaitMs = 60_000;

/**
 * Connects an account in a popup. Call it in the click itself: the popup is opened before anything
 * is awaited, so popup blockers stay quiet.
 *
 * @throws StrongroomClientError `popup_blocked`, `popup_closed` (by its user), `access_denied` (the
 *   user refused at the provider), `state_expired`, and whatever connections-begin and
 *   connections-complete fail with.
 */
export async function connectInPopup(
  functions: Functions,
  request: BeginRequest,
): Promise<Connected> {
  const popup = openPopup();
  try {
    const { connections } = strongroom(functions);
    const begun = await connections.begin(request);
    const answer = answerOf(popup, begun);
    popup.location.replace(begun.authorizationUrl);
    return await connections.complete(await answer);
  } finally {
    popup.close();
  }
}

function openPopup(): Window {
  const width = Math.min(520, screen.availWidth);
  const height = Math.min(720, screen.availHeight);
  const left = Math.round(window.screenX + (window.outerWidth - width) / 2);
  const top = Math.round(window.screenY + (window.outerHeight - height) / 2);
  const features = `popup,width=${width},height=${height},left=${left},top=${top}`;
  const popup = window.open('about:blank', '_blank', features);
  if (popup === null) {
    throw new StrongroomClientError(
      'popup_blocked',
      'The browser blocked the window. Allow popups for this page and try again.',
    );
  }
  popup.document.title = 'Connecting…';
  popup.document.documentElement.style.colorScheme = 'light dark';
  return popup;
}

/** The one message that counts: from that popup, from the callback's origin, for that state. */
function answerOf(popup: Window, begun: Begun): Promise<AuthorizationAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AuthorizationAnswer>();
  const { callbackOrigin } = begun;
  assertWeb(begun.authorizationUrl);

  const onMessage = (event: MessageEvent<unknown>): void => {
    if (event.source !== popup || event.origin !== callbackOrigin) return;
    const answer = readAnswer(event.data);
    if (answer?.state === begun.state) resolve(answer);
  };
  window.addEventListener('message', onMessage);

  const watch = setInterval(() => {
    if (!popup.closed) return;
    clearInterval(watch);
    setTimeout(() => {
      reject(
        new StrongroomClientError(
          'popup_closed',
          'The window was closed before the account was connected. Nothing was changed.',
        ),
      );
    }, lateAnswerMs);
  }, closedPollMs);

  const expiry = setTimeout(
    () => {
      reject(
        new StrongroomClientError('state_expired', 'This took too long. Please connect again.'),
      );
    },
    Math.max(Date.parse(begun.expiresAt) - Date.now(), leastWaitMs),
  );

  return promise.finally(() => {
    window.removeEventListener('message', onMessage);
    clearInterval(watch);
    clearTimeout(expiry);
  });
}

/** @throws StrongroomClientError `popup_failed` for what is no address of a web page. */
function assertWeb(authorizationUrl: string): void {
  const { protocol } = new URL(authorizationUrl);
  if (protocol === 'https:' || protocol === 'http:') return;
  throw new StrongroomClientError('popup_failed', 'The provider has no usable address.');
}

function readAnswer(data: unknown): AuthorizationAnswer | undefined {
  if (!isRecord(data) || data['type'] !== 'strongroom:authorization') return undefined;
  return answerFrom((name) => data[name]);
}
