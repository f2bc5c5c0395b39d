import { asClientError } from '../../client/src/errors.ts';
import { byId, element } from './dom.ts';

const errors = byId('errors', HTMLElement);
const announcements = byId('announcements', HTMLElement);

/** What to say instead of the SDK's text, which is written for programmers. */
const messages: Readonly<Record<string, string>> = {
  'auth/invalid-credential': 'This email and password do not belong together.',
  'auth/wrong-password': 'This email and password do not belong together.',
  'auth/user-not-found': 'There is no account with this email yet. You can create it.',
  'auth/email-already-in-use': 'There is an account with this email already. Sign in instead.',
  'auth/weak-password': 'Choose a password of at least six characters.',
  'auth/invalid-email': 'This is not an email address.',
  'auth/network-request-failed': 'The sign-in service cannot be reached. Try again in a moment.',
  'functions/internal': 'The functions cannot be reached. Try again in a moment.',
};

/** Shows what went wrong with its stable code, and has screen readers say it. */
export function showError(error: unknown): void {
  const { code, message } = asClientError(error);
  const dismiss = element('button', {
    type: 'button',
    class: 'dismiss',
    'aria-label': 'Dismiss the error',
  });
  dismiss.addEventListener('click', () => clearError());
  errors.replaceChildren(
    element(
      'div',
      { class: 'error' },
      element('p', {}, messages[code] ?? message),
      element('code', {}, code),
      dismiss,
    ),
  );
}

/** Takes the error away; with a code, only that one. */
export function clearError(code?: string): void {
  if (code === undefined || errors.querySelector('code')?.textContent === code) {
    errors.replaceChildren();
  }
}

/** Says in passing that something is done. */
export function announce(text: string): void {
  const note = element('p', { class: 'note' }, text);
  note.addEventListener('animationend', () => note.remove());
  announcements.replaceChildren(note);
}

/** Runs what a person asked for; the error of the last attempt goes, a new one is shown. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  clearError();
  try {
    await act();
  } catch (error) {
    showError(error);
  }
}
