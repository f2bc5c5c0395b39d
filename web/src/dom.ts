type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | boolean>>;

/**
 * An element with attributes and children. Strings become text nodes, never markup; the page's
 * Content-Security-Policy (Trusted Types) refuses markup from strings besides.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** A button that is busy, and cannot be pressed again, until what it does has settled. */
export function button(
  look: 'primary' | 'plain' | 'quiet' | 'danger',
  label: string,
  act: () => Promise<void> | void,
): HTMLButtonElement {
  const node = element('button', { type: 'button', class: `button ${look}` }, label);
  node.addEventListener('click', () => void whileBusy(node, act));
  return node;
}

/** `aria-disabled` rather than `disabled`: the keyboard focus stays where it is. */
export async function whileBusy(
  node: HTMLButtonElement,
  act: () => Promise<void> | void,
): Promise<void> {
  if (node.ariaDisabled === 'true') return;
  node.ariaDisabled = 'true';
  try {
    await act();
  } finally {
    node.ariaDisabled = null;
  }
}

/** The element of index.html with this id. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const node = document.getElementById(id);
  if (!(node instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return node;
}
