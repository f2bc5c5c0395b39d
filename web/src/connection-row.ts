import type {
  CallAnswer,
  Connection,
  ConnectionStatus,
  ReauthReason,
} from '../../client/src/types.ts';
import { button, element } from './dom.ts';

/** What can be done with a connection. */
export interface ConnectionActs {
  call(connection: Connection): Promise<CallAnswer | undefined>;
  reconnect(connection: Connection): Promise<void>;
  disconnect(connection: Connection): Promise<void>;
}

export interface ConnectionRow {
  readonly node: HTMLElement;
  show(connection: Connection): void;
}

const labels: Readonly<Record<ConnectionStatus, string>> = {
  active: 'Connected',
  needs_reauth: 'Needs reconnecting',
  paused: 'Paused',
};

const explanations: Readonly<Record<ReauthReason, string>> = {
  revoked: 'Access was taken back at the provider.',
  interrupted: 'A renewal was interrupted, and the provider asks for you.',
  no_refresh_token: 'The access ran out, and the provider lets nobody renew it but you.',
  account_changed: 'The provider answered for another account than the one connected here.',
};

/** How a person recognises the account. */
export function accountName({ account, createdAt }: Connection): string {
  const connected = new Date(createdAt).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return account.name ?? account.email ?? account.subject ?? `Account of ${connected}`;
}

function dateOf(time: string): string {
  return new Date(time).toLocaleDateString(undefined, { dateStyle: 'long' });
}

/** One connected account: who, its status, what may be done, and the last answer of its API. */
export function connectionRow(id: string, acts: ConnectionActs): ConnectionRow {
  let shown: Connection | undefined;
  /** Acts are on the connection as it is shown when the button is pressed. */
  const on = (act: (connection: Connection) => Promise<void>) => async (): Promise<void> => {
    if (shown !== undefined) await act(shown);
  };
  const name = element('h3', { id: `connection-${id}` });
  const address = element('p', { class: 'address' });
  const status = element('span', { class: 'status' });
  const details = element('p', { class: 'details' });
  const deadline = element('p', { class: 'details' });
  const answer = element('div', { class: 'answer', hidden: true });

  const call = button(
    'plain',
    'Call /me',
    on(async (connection) => {
      const startMs = performance.now();
      const given = await acts.call(connection);
      if (given !== undefined) showAnswer(answer, given, performance.now() - startMs);
    }),
  );
  const reconnect = button('primary', 'Reconnect', on(acts.reconnect));
  const disconnect = button('quiet', 'Disconnect', on(acts.disconnect));
  for (const act of [call, reconnect, disconnect]) act.setAttribute('aria-describedby', name.id);

  const node = element(
    'li',
    { class: 'connection', 'aria-labelledby': name.id },
    element('div', { class: 'who' }, element('div', {}, name, address), status),
    details,
    deadline,
    element('div', { class: 'actions' }, disconnect, call, reconnect),
    answer,
  );

  const show = (connection: Connection): void => {
    shown = connection;
    const { account } = connection;
    name.textContent = accountName(connection);
    address.textContent = account.name === undefined ? '' : (account.email ?? '');
    status.textContent = labels[connection.status];
    status.dataset['status'] = connection.status;
    details.textContent =
      connection.reason === undefined
        ? connection.scopes.join(' · ')
        : explanations[connection.reason];
    const { needsReauthAt, reauthDueInDays } = connection;
    const isDue = needsReauthAt !== undefined && reauthDueInDays !== undefined;
    deadline.textContent = isDue ? `Reconnect before ${dateOf(needsReauthAt)}.` : '';
    call.hidden = connection.status !== 'active';
    reconnect.hidden = connection.status !== 'needs_reauth' && !isDue;
  };
  return { node, show };
}

function showAnswer(answer: HTMLElement, { status, data }: CallAnswer, tookMs: number): void {
  const text = typeof data === 'string' ? data : JSON.stringify(data, undefined, 2);
  const close = element('button', {
    type: 'button',
    class: 'dismiss',
    'aria-label': 'Close the answer',
  });
  close.addEventListener('click', () => {
    answer.hidden = true;
  });
  answer.replaceChildren(
    element('p', { role: 'status' }, `Answered ${status} in ${Math.round(tookMs)} ms`),
    close,
    element('pre', { tabindex: '0', 'aria-label': 'The answer' }, text),
  );
  answer.hidden = false;
}
