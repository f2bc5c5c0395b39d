import { onAuthStateChanged, signOut, type User } from 'firebase/auth';
import { completeRedirect } from '../../client/src/connect-redirect.ts';
import { type Board, board } from './board.ts';
import { button, byId, element } from './dom.ts';
import { type Services, startFirebase } from './firebase.ts';
import { announce, attempt, clearError, showError } from './notices.ts';
import { signInView } from './sign-in.ts';

const main = byId('main', HTMLElement);
const account = byId('account', HTMLElement);

function start(services: Services): void {
  let open: Board | undefined;
  byId('sandbox', HTMLElement).hidden = !services.sandbox;

  onAuthStateChanged(services.auth, (user) => {
    open?.close();
    clearError();
    open = user === null ? undefined : board(services, user);
    main.replaceChildren(open?.node ?? signInView(services.auth, services.sandbox));
    account.replaceChildren(...(user === null ? [] : whoAmI(services, user)));
    if (user !== null) void completeReturned(services);
  });
}

function whoAmI({ auth }: Services, user: User): HTMLElement[] {
  return [
    element('span', { class: 'user' }, user.displayName ?? user.email ?? user.uid),
    button('quiet', 'Sign out', () => attempt(() => signOut(auth))),
  ];
}

/** The provider sent the browser back to this very page: there was no window to report to. */
function completeReturned({ functions }: Services): Promise<void> {
  return attempt(async () => {
    if ((await completeRedirect(functions)) === undefined) return;
    announce('The account is connected.');
    // Works where a script opened this window, and only there.
    window.close();
  });
}

try {
  start(startFirebase());
} catch (error) {
  showError(error);
}
