/**
 * What the app's own functions import to use connections in-process; see docs/calling.md. It deploys
 * nothing.
 */
import type { AxiosInstance } from 'axios';
import type { Disconnected } from '../connections/end/disconnect.ts';
import type { ExchangedToken, OwnExchange } from '../connections/exchange/exchange.ts';
import type { ReleasedToken } from '../connections/token.ts';
import { deadlineFrom } from '../triggers/options.ts';
import { suite } from '../triggers/suite.ts';
import type { TimeOptions } from './connections.ts';

export { StrongroomError } from '../errors.ts';
export { paginate } from './paginate.ts';
export type { Disconnected, ExchangedToken, OwnExchange, ReleasedToken };

/**
 * For the app's own `beforeUserSignedIn`, where it has one: takes the tokens of the sign-in into the
 * vault. Never throws and takes 2 s at most. See docs/sign-in.md for the options that it needs.
 *
 * @param event as `firebase-functions/identity` gives it.
 */
export const seedFromSignIn = (event: object): Promise<void> => suite().seed(event);

/** As of a function that may take 60 s and has just begun: what is left then ends a refresh. */
const usual: TimeOptions = { timeoutMs: deadlineFrom(0) };

/** See `Connections` for costs and errors. */
export const connections = {
  /** An axios instance that calls the provider's API as the user. */
  client: (
    uid: string,
    providerOrConnection: string,
    time: Partial<TimeOptions> = {},
  ): Promise<AxiosInstance> =>
    suite().connections.client(uid, providerOrConnection, { ...usual, ...time }),
  /** The access token itself; recorded in the audit. */
  getAccessToken: (
    uid: string,
    providerOrConnection: string,
    time: Partial<TimeOptions> = {},
  ): Promise<ReleasedToken> =>
    suite().connections.getAccessToken(uid, providerOrConnection, { ...usual, ...time }),
  /** The token exchanged for one with less, for another audience or with an actor (RFC 8693). */
  exchangeToken: (
    uid: string,
    providerOrConnection: string,
    wanted: Omit<OwnExchange, 'connectionId'>,
    time: Partial<TimeOptions> = {},
  ): Promise<ExchangedToken> =>
    suite().connections.exchangeToken(uid, providerOrConnection, wanted, { ...usual, ...time }),
  /** Whether an active connection is there. */
  isConnected: (uid: string, providerOrConnection: string): Promise<boolean> =>
    suite().connections.isConnected(uid, providerOrConnection),
  /** Revokes at the provider and deletes. */
  revoke: (uid: string, providerOrConnection: string): Promise<Disconnected> =>
    suite().connections.revoke(uid, providerOrConnection),
};
