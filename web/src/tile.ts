import type { Connection, Provider } from '../../client/src/types.ts';
import { type ConnectionActs, type ConnectionRow, connectionRow } from './connection-row.ts';
import { button, element } from './dom.ts';

export interface Tile {
  readonly node: HTMLElement;
  /** Shows these connections, all of this tile's provider. */
  show(connections: readonly Connection[]): void;
}

/** A provider and the user's accounts there. Rows are kept, so that focus and answers stay. */
export function tile(provider: Provider, connect: () => Promise<void>, acts: ConnectionActs): Tile {
  const rows = new Map<string, ConnectionRow>();
  const titleId = `provider-${provider.id}`;
  const summary = element('p', { class: 'summary' });
  const list = element('ul', { class: 'connections' });
  const connectButton = button('primary', 'Connect', connect);
  connectButton.setAttribute('aria-describedby', titleId);
  const node = element(
    'section',
    { class: 'tile', 'aria-labelledby': titleId },
    element(
      'header',
      {},
      mark(provider),
      element('div', {}, element('h2', { id: titleId }, provider.name), summary),
    ),
    list,
    connectButton,
  );

  const show = (connections: readonly Connection[]): void => {
    const ids = new Set(connections.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      if (row.node.contains(document.activeElement)) connectButton.focus();
      row.node.remove();
      rows.delete(id);
    }
    for (const connection of connections) {
      const row = rows.get(connection.id) ?? connectionRow(connection.id, acts);
      row.show(connection);
      if (!rows.has(connection.id)) list.append(row.node);
      rows.set(connection.id, row);
    }
    const count = connections.length;
    summary.textContent = ['Not connected', '1 account'][count] ?? `${count} accounts`;
    connectButton.textContent = count === 0 ? 'Connect' : 'Connect another account';
    connectButton.classList.toggle('primary', count === 0);
    connectButton.classList.toggle('plain', count > 0);
  };
  return { node, show };
}

/** The provider's logo, or its first letter where it has none or it does not load. */
function mark(provider: Provider): HTMLElement {
  const letter = element('span', { class: 'mark', 'aria-hidden': 'true' }, initial(provider.name));
  if (provider.logo === undefined) return letter;
  const image = element('img', {
    class: 'mark',
    src: provider.logo,
    alt: '',
    width: '44',
    height: '44',
    referrerpolicy: 'no-referrer',
  });
  image.addEventListener('error', () => image.replaceWith(letter));
  return image;
}

const initial = (name: string): string => name.trim().charAt(0).toUpperCase() || '?';
