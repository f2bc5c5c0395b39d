import type { User } from 'firebase/auth';
import { connectInPopup } from '../../client/src/connect-popup.ts';
import { asClientError } from '../../client/src/errors.ts';
import { strongroom } from '../../client/src/strongroom.ts';
import type { BeginRequest, Connection, Provider } from '../../client/src/types.ts';
import { confirm } from './confirm.ts';
import { accountName, type ConnectionActs } from './connection-row.ts';
import { button, element } from './dom.ts';
import type { Services } from './firebase.ts';
import { watchConnections } from './live-connections.ts';
import { announce, attempt, showError } from './notices.ts';
import { type Tile, tile } from './tile.ts';

export interface Board {
  readonly node: HTMLElement;
  /** Stops watching. */
  close(): void;
}

/** The page of who is signed in: a tile for each provider, live. */
export function board(services: Services, user: User): Board {
  const { connections: calls, providers } = strongroom(services.functions);
  const tiles = new Map<string, Tile>();
  let connections: readonly Connection[] = [];
  let names: ReadonlyMap<string, string> = new Map();

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
      const returnTo = new URL('/', location.href).href;
      const made = await connectInPopup(services.functions, { ...request, returnTo });
      announce(`${names.get(made.provider) ?? made.provider} is connected.`);
    });

  const acts: ConnectionActs = {
    reconnect: ({ id, provider }) => connect({ provider, connectionId: id }),
    call: async ({ id }) => {
      try {
        return await calls.call({ connectionId: id, method: 'GET', path: '/me' });
      } catch (error) {
        showError(error);
        return undefined;
      }
    },
    disconnect: async (connection) => {
      const provider = names.get(connection.provider) ?? connection.provider;
      const sure = await confirm(
        `Disconnect ${accountName(connection)}?`,
        `The app loses its access at ${provider}, and what the vault holds is destroyed.`,
        'Disconnect',
      );
      if (!sure) return;
      await attempt(async () => {
        const { revoked } = await calls.disconnect({ connectionId: connection.id });
        const outcome = revoked
          ? `Disconnected, and revoked at ${provider}.`
          : `Disconnected. ${provider} was not told: it revokes nothing.`;
        announce(outcome);
      });
    },
  };

  const showConnections = (): void => {
    for (const [id, { show }] of tiles) {
      show(connections.filter(({ provider }) => provider === id));
    }
  };
  const showProviders = (offered: readonly Provider[]): void => {
    names = new Map(offered.map(({ id, name }) => [id, name]));
    tiles.clear();
    for (const provider of offered) {
      tiles.set(
        provider.id,
        tile(provider, () => connect({ provider: provider.id }), acts),
      );
    }
    const none = element('p', { class: 'empty' }, 'No provider is set up yet.');
    grid.replaceChildren(...(tiles.size > 0 ? [...tiles.values()].map((it) => it.node) : [none]));
    grid.ariaBusy = 'false';
    showConnections();
  };
  const load = async (): Promise<void> => {
    try {
      showProviders(await providers.list());
    } catch (error) {
      showError(asClientError(error));
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
      connections = told;
      showConnections();
    },
    showError,
  );
  void load();
  return { node, close };
}

const skeleton = (): HTMLElement =>
  element('div', { class: 'tile skeleton', 'aria-hidden': 'true' });
