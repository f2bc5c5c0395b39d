import axios, { type AxiosInstance } from 'axios';
import type { Audit } from '../audit/audit.ts';
import type { TokenCache } from '../calls/access-token.ts';
import { apiOf } from '../calls/api-base.ts';
import type { Disconnect, Disconnected } from '../connections/end/disconnect.ts';
import type { Exchange, ExchangedToken, OwnExchange } from '../connections/exchange/exchange.ts';
import { assertReleasable, type ReleasedToken, releasedOf } from '../connections/token.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { type AdapterDependencies, createAdapter } from './adapter.ts';
import { createFindConnection, createIsConnected } from './find.ts';
import { setUsualPaging } from './paginate.ts';

/** How long what is asked for may take. */
export interface TimeOptions {
  /** For each call, from its beginning, with all that is sent again; in milliseconds. */
  readonly timeoutMs: number;
  /** The moment when all of it must be over, in milliseconds since the epoch. Default: none. */
  readonly deadlineAt?: number | undefined;
}

interface ConnectionsDependencies extends AdapterDependencies {
  readonly tokens: Pick<TokenCache, 'get'>;
  readonly store: Pick<ConnectionStore, 'listStatuses' | 'readStatus'>;
  readonly settings: SettingsReader;
  readonly audit: Pick<Audit, 'write'>;
  readonly disconnect: Disconnect;
  readonly exchange: Exchange['forApp'];
}

/**
 * What the app's own functions may do with the connections of any user. They name the user; that he is
 * who he says is theirs to check.
 */
export interface Connections {
  /**
   * An axios instance that calls the provider's API as the user: see docs/calling.md.
   *
   * Cost: 1 read, none where this instance opened the token a moment ago; for a provider's id 1 more
   * per connection of the user.
   *
   * @param providerOrConnection a provider's id, where the user has one account there, or a
   *   connection's.
   * @throws StrongroomError `connection_not_found`, `connection_ambiguous`, `needs_reauth`,
   *   `connection_paused`, and the others of `FreshTokenSet`.
   */
  client(uid: string, providerOrConnection: string, time: TimeOptions): Promise<AxiosInstance>;
  /**
   * The access token itself, for a library that takes nothing else, whatever `allowTokenRelease`
   * says. Recorded in the audit before it is given: 1 write. Errors as above; `token_release_off` for one
   * that is bound to a key (DPoP).
   */
  getAccessToken(
    uid: string,
    providerOrConnection: string,
    time: TimeOptions,
  ): Promise<ReleasedToken>;
  /**
   * Exchanges the token (RFC 8693) within what the provider's `tokenExchange` names, whatever
   * `allowTokenRelease` says; see docs/connect/exchange.md. One request to the provider; 1 write, for the
   * record in the audit.
   *
   * @throws StrongroomError also `not_offered`, `target_not_allowed`, `scope_not_offered`,
   *   `access_denied`, `provider_misconfigured`, `provider_answer_invalid`.
   */
  exchangeToken(
    uid: string,
    providerOrConnection: string,
    wanted: Omit<OwnExchange, 'connectionId'>,
    time: TimeOptions,
  ): Promise<ExchangedToken>;
  /** Whether an active connection is there. Cost: 1 read per connection of the user, or 1. */
  isConnected(uid: string, providerOrConnection: string): Promise<boolean>;
  /** Revokes at the provider and deletes, as `connections-disconnect`. */
  revoke(uid: string, providerOrConnection: string): Promise<Disconnected>;
}

export function createConnections(dependencies: ConnectionsDependencies): Connections {
  const { tokens, audit, disconnect, clock } = dependencies;
  const find = createFindConnection(dependencies);
  const open = async (uid: string, providerOrConnection: string, deadlineAt: number) => {
    const connectionId = await find(uid, providerOrConnection);
    return { connectionId, ...(await tokens.get({ uid, connectionId, deadlineAt })) };
  };
  /** In the clock's ticks. */
  const deadlinesOf = ({ timeoutMs, deadlineAt }: TimeOptions) => {
    const latestAt =
      deadlineAt === undefined ? Number.POSITIVE_INFINITY : clock.ticks() + deadlineAt - Date.now();
    return (now: number) => Math.min(now + timeoutMs, latestAt);
  };

  return {
    async client(uid, providerOrConnection, time) {
      const deadlineFrom = deadlinesOf(time);
      const opened = await open(uid, providerOrConnection, deadlineFrom(clock.ticks()));
      const { connectionId, provider, tokenSet } = opened;
      const { origin, pathname } = apiOf(provider, tokenSet).base;
      const client = axios.create({
        baseURL: origin + pathname.replace(/\/$/, ''),
        adapter: createAdapter(dependencies, { uid, connectionId, deadlineFrom }),
      });
      if (provider.paging !== undefined) setUsualPaging(client, provider.paging);
      return client;
    },
    async getAccessToken(uid, providerOrConnection, time) {
      const deadlineAt = deadlinesOf(time)(clock.ticks());
      const { connectionId, provider, tokenSet } = await open(
        uid,
        providerOrConnection,
        deadlineAt,
      );
      assertReleasable(tokenSet);
      await audit.write({
        type: 'token_released',
        actor: 'service',
        uid,
        connectionId,
        provider: provider.id,
      });
      return releasedOf(tokenSet);
    },
    async exchangeToken(uid, providerOrConnection, wanted, time) {
      const deadlineAt = deadlinesOf(time)(clock.ticks());
      const connectionId = await find(uid, providerOrConnection);
      return dependencies.exchange(uid, { ...wanted, connectionId }, deadlineAt);
    },
    isConnected: createIsConnected(dependencies),
    async revoke(uid, providerOrConnection) {
      return disconnect({ uid }, await find(uid, providerOrConnection));
    },
  };
}
