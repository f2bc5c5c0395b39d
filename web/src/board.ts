import type { User } from 'firebase/auth';
import { connectInPopup } from '../../client/src/connect-popup.ts';
import { asClientError } from '../../client/src/errors.ts';
import { strongroom } from '../../client/src/strongroom.ts';
import type { BeginRequest, Connection, Provider } from '../../client/src/types.ts';
import { confirm } from './confirm.ts';
import { accountName, type ConnectionActs } from './connection-row.ts';
import { askCredentials, askVariables } from './credentials-form.ts';
import { button, element } from './dom.ts';
import type { Services } from './firebase.ts';
import { watchConnections } from './live-connections.ts';
import { announce, attempt, clearError, showError } from './notices.ts';
import { type Tile, tile } from './tile.ts';

export interface Board {
  readonly node: HTMLElement;
  /** Stops watching. */
  close(): void;
}

/** The page of who is signed in: a tile for each provider, live. */
export function board(services: Services, user: User): Board {
  const { connections: calls, providers } = strongroom(services.functions);
  let tiles: ReadonlyMap<string, Tile> | undefined;
  let connections: readonly Connection[] | undefined;
  let offered: ReadonlyMap<string, Provider> = new Map();
  const nameOf = (provider: string): string => offered.get(provider)?.name ?? provider;

  const grid = element('div', { class: 'grid', 'aria-busy': 'true' }, skeleton(), skeleton());
  const node = element(
    'div',
    { class: 'board' },
    element('h1', {}, 'Your connections'),
    element(
      'p',
      { class: 'lead' },
      'Accounts that this app may use for you. You can take any of them back.',
    ),
    grid,
  );

  const connect = (request: BeginRequest): Promise<void> =>
    attempt(async () => {
      const before = connections;
      const returnTo = new URL('/', location.href).href;
      try {
        await connectInPopup(services.functions, { ...request, returnTo });
      } catch (error) {
        const closed = asClientError(error).code === 'popup_closed';
        if (!closed || !isNewlyActive(request.provider, before, connections)) throw error;
      }
      announce(`${nameOf(request.provider)} is connected.`);
    });

  /** By whatever way the provider has. */
  const connectTo = async (provider: string, connectionId?: string): Promise<void> => {
    const request = { provider, ...(connectionId !== undefined && { connectionId }) };
    const known = offered.get(provider);
    if (known?.fields === undefined) {
      // Nothing is awaited that need not be: a popup is opened by a click.
      if (known?.variables === undefined) return connect(request);
      const variables = await askVariables(known);
      return variables && connect({ ...request, variables });
    }
    const credentials = known.fields.length === 0 ? {} : await askCredentials(known);
    if (credentials === undefined) return;
    await attempt(async () => {
      await calls.add({ ...request, credentials });
      announce(`${known.name} is connected.`);
    });
  };

  const acts: ConnectionActs = {
    reconnect: ({ id, provider }) => connectTo(provider, id),
    call: async ({ id }) => {
      try {
        return await calls.call({ connectionId: id, method: 'GET', path: '/me' });
      } catch (error) {
        showError(error);
        return undefined;
      }
    },
    disconnect: async (connection) => {
      const provider = nameOf(connection.provider);
      const sure = await confirm(
        `Disconnect ${accountName(connection)}?`,
        `The app loses its access at ${provider}, and what the vault holds is destroyed.`,
        'Disconnect',
      );
      if (!sure) return;
      await attempt(async () => {
        const { revoked, pending } = await calls.disconnect({ connectionId: connection.id });
        const told = revoked
          ? `, and revoked at ${provider}.`
          : pending
            ? `. ${provider} is out of reach, and is told as soon as it is back.`
            : `. ${provider} was not told: it revokes nothing.`;
        const outcome = `Disconnected${told}`;
        announce(outcome);
      });
    },
  };

  /** Shows both once both are known: the first thing seen is true. */
  const show = (): void => {
    if (tiles === undefined || connections === undefined) return;
    if (grid.ariaBusy === 'true') {
      const none = element('p', { class: 'empty' }, 'No provider is set up yet.');
      const nodes = [...tiles.values()].map((it) => it.node);
      grid.replaceChildren(...(nodes.length > 0 ? nodes : [none]));
      grid.ariaBusy = 'false';
    }
    for (const [id, it] of tiles) {
      it.show(connections.filter(({ provider }) => provider === id));
    }
  };
  const load = async (): Promise<void> => {
    try {
      const listed = await providers.list();
      offered = new Map(listed.map((provider) => [provider.id, provider]));
      tiles = new Map(
        listed.map((provider) => [provider.id, tile(provider, () => connectTo(provider.id), acts)]),
      );
      show();
    } catch (error) {
      showError(error);
      grid.replaceChildren(
        element('p', { class: 'empty' }, 'The providers could not be loaded.'),
        button('plain', 'Try again', () => attempt(load)),
      );
    }
  };

  const close = watchConnections(
    services.firestore,
    user.uid,
    (told) => {
      for (const { provider } of told) {
        if (isNewlyActive(provider, connections, told)) clearError('popup_closed');
      }
      connections = told;
      show();
    },
    showError,
  );
  void load();
  return { node, close };
}

/**
 * A provider's page may cut the tie between popup and opener (Cross-Origin-Opener-Policy): then the
 * popup looks closed while it is not, and completes the connection by itself. The live status tells.
 */
function isNewlyActive(
  provider: string,
  before: readonly Connection[] | undefined,
  now: readonly Connection[] | undefined,
): boolean {
  if (before === undefined || now === undefined) return false;
  const known = new Map(before.map(({ id, updatedAt }) => [id, updatedAt]));
  return now.some(
    (connection) =>
      connection.provider === provider &&
      connection.status === 'active' &&
      known.get(connection.id) !== connection.updatedAt,
  );
}

const skeleton = (): HTMLElement =>
  element('div', { class: 'tile skeleton', 'aria-hidden': 'true' });
