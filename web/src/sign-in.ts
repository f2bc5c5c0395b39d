import {
  type Auth,
  createUserWithEmailAndPassword,
  signInWithEmailAndPassword,
} from 'firebase/auth';
import { button, element, whileBusy } from './dom.ts';
import { attempt } from './notices.ts';

/** The public demo user of `emulator-data`. */
const demo = { email: 'ada@example.com', password: 'strongroom-demo' };

/** The card of who is not signed in: the demo user in the sandbox; email and password anywhere. */
export function signInView(auth: Auth, sandbox: boolean): HTMLElement {
  const email = element('input', {
    id: 'email',
    type: 'email',
    autocomplete: 'username',
    required: true,
  });
  const password = element('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    minlength: '6',
    required: true,
  });
  const signIn = element('button', { type: 'submit', class: 'button primary' }, 'Sign in');
  const create = button('plain', 'Create account', async () => {
    if (!form.reportValidity()) return;
    await attempt(async () => {
      await createUserWithEmailAndPassword(auth, email.value, password.value);
    });
  });
  const form = element(
    'form',
    {},
    element('label', { for: 'email' }, 'Email'),
    email,
    element('label', { for: 'password' }, 'Password'),
    password,
    element('div', { class: 'actions' }, create, signIn),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void whileBusy(signIn, () =>
      attempt(async () => {
        await signInWithEmailAndPassword(auth, email.value, password.value);
      }),
    );
  });

  const asDemo = button('primary', 'Continue as Ada', () =>
    attempt(async () => {
      await signInWithEmailAndPassword(auth, demo.email, demo.password);
    }),
  );
  if (sandbox) signIn.classList.replace('primary', 'plain');
  const card = element(
    'section',
    { class: 'card', 'aria-labelledby': 'sign-in-title' },
    element('h2', { id: 'sign-in-title' }, 'Sign in'),
    sandbox ? asDemo : undefined,
    sandbox ? element('p', { class: 'or' }, 'or with your own account') : undefined,
    form,
  );
  return element(
    'div',
    { class: 'welcome' },
    element(
      'div',
      { class: 'promise' },
      element('h1', {}, 'Connect once.', element('br'), 'The keys stay inside.'),
      element(
        'p',
        {},
        'Strongroom keeps the tokens of the accounts you connect: sealed, fresh, and never shown ' +
          'to anybody, this page included.',
      ),
    ),
    card,
  );
}
