import type { CredentialField, Provider } from '../../client/src/types.ts';
import { button, element } from './dom.ts';

type Values = Readonly<Record<string, string>>;

/** Asks for the credentials that a provider is connected with; `undefined`: the user said no. */
export function askCredentials({ name, fields = [] }: Provider): Promise<Values | undefined> {
  return ask(name, fields);
}

/** Asks for what is another for each of its users: the subdomain of a workspace. */
export function askVariables({ name, variables = {} }: Provider): Promise<Values | undefined> {
  const asked = Object.entries(variables).map(([variable, { example, hint, ...shown }]) => ({
    ...shown,
    name: variable,
    hint: [hint, `For example: ${example}`].filter(Boolean).join('. '),
    secret: false,
    optional: false,
    multiline: false,
  }));
  return ask(name, asked);
}

/** Escape means no. What is typed stays nowhere. */
function ask(name: string, fields: readonly CredentialField[]): Promise<Values | undefined> {
  const { promise, resolve } = Promise.withResolvers<Values | undefined>();
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
  let given: Values | undefined;
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
