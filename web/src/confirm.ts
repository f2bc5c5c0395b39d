import { button, element } from './dom.ts';

/** Asks before something that cannot be undone; Escape means no. The browser keeps the focus. */
export function confirm(title: string, text: string, verb: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const dialog = element('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title' });
  dialog.append(
    element('h2', { id: 'dialog-title' }, title),
    element('p', {}, text),
    element(
      'div',
      { class: 'actions' },
      button('plain', 'Cancel', () => dialog.close()),
      button('danger', verb, () => dialog.close('yes')),
    ),
  );
  dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(dialog.returnValue === 'yes');
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
