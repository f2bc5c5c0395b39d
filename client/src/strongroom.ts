import { type Functions, httpsCallable } from 'firebase/functions';
import { asClientError } from './errors.ts';
import type {
  AuditPage,
  AuditRequest,
  AuthorizationAnswer,
  BeginRequest,
  Begun,
  CallAnswer,
  CallRequest,
  Connected,
  Connection,
  Disconnected,
  Export,
  Forgotten,
  Provider,
} from './types.ts';

interface OneConnection {
  readonly connectionId: string;
}

/**
 * The callables of the suite with their types. Each acts for the signed-in user of the app that
 * `functions` belongs to, and rejects with a StrongroomClientError.
 */
export function strongroom(functions: Functions) {
  function callable<Request, Answer>(name: string): (request: Request) => Promise<Answer> {
    const call = httpsCallable<Request, Answer>(functions, name);
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
      /** The user's connections, oldest first. */
      list: () => listConnections({}),
      get: callable<OneConnection, Connection>('connections-get'),
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
