import { type Functions, httpsCallable } from 'firebase/functions';
import { asClientError } from './errors.ts';
import type {
  AddRequest,
  AuditPage,
  AuditRequest,
  AuthorizationAnswer,
  BeginDeviceRequest,
  BeginRequest,
  Begun,
  BegunDevice,
  CallAnswer,
  CallRequest,
  Connected,
  Connection,
  Disconnected,
  Exchanged,
  ExchangeRequest,
  Export,
  Forgotten,
  PolledDevice,
  ProfileRequest,
  Provider,
  ToldProfile,
} from './types.ts';

/** Where App Check is demanded, these take each of its tokens once: docs/callers.md. */
export const sensitiveCallables: ReadonlySet<string> = new Set([
  'connections-begin',
  'connections-complete',
  'connections-add',
  'connections-beginDevice',
  'connections-pollDevice',
  'connections-token',
  'connections-exchange',
  'connections-disconnect',
  'connections-export',
  'connections-forget',
]);

interface OneConnection {
  readonly connectionId: string;
}

/**
 * The callables of the suite with their types. Each acts for the signed-in user of the app that
 * `functions` belongs to, and rejects with a StrongroomClientError.
 */
export function strongroom(functions: Functions) {
  function callable<Request, Answer>(name: string): (request: Request) => Promise<Answer> {
    const limitedUseAppCheckTokens = sensitiveCallables.has(name);
    const call = httpsCallable<Request, Answer>(functions, name, { limitedUseAppCheckTokens });
    return async (request) => {
      try {
        return (await call(request)).data;
      } catch (error) {
        throw asClientError(error);
      }
    };
  }
  const listProviders = callable<object, Provider[]>('providers-list');
  const listConnections = callable<object, Connection[]>('connections-list');
  const exportAll = callable<object, Export>('connections-export');
  const forget = callable<object, Forgotten>('connections-forget');
  const listAudit = callable<AuditRequest, AuditPage>('audit-list');
  return {
    providers: {
      /** The providers that are enabled. */
      list: () => listProviders({}),
    },
    connections: {
      /** Begins an authorization; send the browser to `authorizationUrl`. */
      begin: callable<BeginRequest, Begun>('connections-begin'),
      /** Completes it with the provider's answer, as the user who began. */
      complete: callable<AuthorizationAnswer, Connected>('connections-complete'),
      /** Connects by credentials; refused with `credentials_refused` where they are not good. */
      add: callable<AddRequest, Connected>('connections-add'),
      /** Begins the authorization of an app without a browser: show the code and the page. */
      beginDevice: callable<BeginDeviceRequest, BegunDevice>('connections-beginDevice'),
      /** Asks whether the user has entered it; not more often than the answers say. */
      pollDevice: callable<{ readonly state: string }, PolledDevice>('connections-pollDevice'),
      /** The user's connections, oldest first. */
      list: () => listConnections({}),
      get: callable<OneConnection, Connection>('connections-get'),
      /** Whose account it is. */
      profile: callable<ProfileRequest, ToldProfile>('connections-profile'),
      /** Exchanges the token for another (RFC 8693), as far as the settings allow. */
      exchange: callable<ExchangeRequest, Exchanged>('connections-exchange'),
      /** Calls the provider's API. The answer has the provider's status, also when that is 4xx. */
      call: callable<CallRequest, CallAnswer>('connections-call'),
      /** Refused with `token_release_off` unless the provider's settings allow it. */
      token: callable<OneConnection, { accessToken: string; expiresAt: string }>(
        'connections-token',
      ),
      /** Revokes at the provider (`revoked` says whether that succeeded) and forgets. */
      disconnect: callable<OneConnection, Disconnected>('connections-disconnect'),
      /** All that is held of the user: connections, authorizations, audit; no token. */
      export: () => exportAll({}),
      /** Ends all connections and deletes all that is held of the user. */
      forget: () => forget({}),
    },
    audit: {
      /** What was done with the user's connections, newest first. */
      list: (page: AuditRequest = {}) => listAudit(page),
    },
  };
}
