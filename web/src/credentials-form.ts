import type { CredentialField, Provider } from '../../client/src/types.ts';
import { button, element } from './dom.ts';

type Credentials = Readonly<Record<string, string>>;

/** Asks for what a provider is connected with; Escape means no. What is typed stays nowhere. */
export function askCredentials({ name, fields = [] }: Provider): Promise<Credentials | undefined> {
  const { promise, resolve } = Promise.withResolvers<Credentials | undefined>();
  const dialog = element('dialog', { class: 'dialog', 'aria-labelledby': 'form-title' });
  const inputs = new Map(fields.map((field) => [field.name, inputOf(field)]));
  const form = element(
    'form',
    {},
    element('h2', { id: 'form-title' }, `Connect ${name}`),
    ...fields.flatMap((field) => [
      element('label', { for: idOf(field) }, field.label),
      inputs.get(field.name),
      field.hint === undefined
        ? undefined
        : element('p', { class: 'hint', id: `${idOf(field)}-hint` }, field.hint),
    ]),
    element(
      'div',
      { class: 'actions' },
      button('plain', 'Cancel', () => dialog.close()),
      element('button', { type: 'submit', class: 'button primary' }, 'Connect'),
    ),
  );
  let given: Credentials | undefined;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const entries = [...inputs].map(([field, { value }]) => [field, value.trim()] as const);
    given = Object.fromEntries(entries.filter(([, value]) => value !== ''));
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(given);
  });
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

const idOf = ({ name }: CredentialField): string => `credential-${name}`;

function inputOf(field: CredentialField): HTMLInputElement | HTMLTextAreaElement {
  const { secret, optional, multiline, pattern, hint } = field;
  const attributes = {
    id: idOf(field),
    required: !optional,
    // A browser must not offer to keep what belongs into the vault.
    autocomplete: secret ? 'new-password' : 'off',
    spellcheck: 'false',
    ...(hint !== undefined && { 'aria-describedby': `${idOf(field)}-hint` }),
  };
  if (multiline) return element('textarea', { ...attributes, rows: '6' });
  const type = secret ? 'password' : 'text';
  return element('input', { ...attributes, type, ...(pattern !== undefined && { pattern }) });
}
