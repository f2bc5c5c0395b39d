import type { Request } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import { BearerRefusal, bearerTokenOf } from '../identity/bearer.ts';
import {
  type Caller,
  type Checks,
  callerOfRequest,
  type ServiceCaller,
  type User,
} from '../identity/caller.ts';
import { lacksScope } from '../identity/lacks-scope.ts';
import type { ServiceScope } from '../identity/service-settings.ts';
import type { Service } from '../identity/services.ts';
import { refusedBearer } from './challenge.ts';
import { queryOf } from './query.ts';
import { suite } from './suite.ts';

/** Names the user for whom a service acts. In no URL: those stand in logs. */
const userHeader = 'Strongroom-User';

/** What a route lets services do. */
export interface ServiceAccess {
  /** Without it services are refused. */
  readonly scope?: ServiceScope | undefined;
  /** As the path has it. */
  readonly connectionId: string | undefined;
}

/**
 * Who sent a request to the REST API: a service by its access token, else a user. What a service may
 * do is another question: `authorize`.
 *
 * @throws StrongroomError `unauthenticated`, `unavailable`, `invalid_argument`, `header_not_allowed`.
 */
export async function identify(request: Request, checks: Checks): Promise<User | Service> {
  const service = await serviceOf(request).catch((error: unknown) => {
    throw refusedBearer(error);
  });
  if (service !== undefined) return service;
  const user = await callerOfRequest(request, checks);
  // A user who names another is not told that it did nothing.
  if (request.headers[userHeader.toLowerCase()] !== undefined) {
    throw new StrongroomError('header_not_allowed', 'Users act for themselves.', {
      field: userHeader,
    });
  }
  return user;
}

async function serviceOf(request: Request): Promise<Service | undefined> {
  const token = bearerTokenOf(request.rawHeaders);
  const service = token === undefined ? undefined : await suite().serviceOf(token);
  if (service !== undefined && 'access_token' in queryOf(request.url)) {
    throw new BearerRefusal('Send the access token in no URL.', 'invalid_request');
  }
  return service;
}

/**
 * Lets a user do as he asks, and a service within its scopes, for the user whom it names. What a
 * service asks for is recorded first.
 *
 * @throws StrongroomError `insufficient_scope`, `invalid_argument`, `unavailable`.
 */
export async function authorize(
  who: User | Service,
  request: Request,
  { scope, connectionId }: ServiceAccess,
): Promise<Caller> {
  if (!('issuer' in who)) return who;
  if (scope === undefined || !who.scopes.has(scope)) {
    const refused = lacking(scope);
    await suite().serviceAudit.refused(who, refused.code);
    throw refused;
  }
  const caller: ServiceCaller = { uid: uidOf(request), service: who };
  const { method } = request;
  // What is no id of a connection is refused next, and kept nowhere.
  const about = /^[\w-]{22}$/.test(connectionId ?? '') ? (connectionId ?? null) : null;
  await suite().serviceAudit.asked(caller, scope, { method, connectionId: about });
  return caller;
}

function lacking(scope: ServiceScope | undefined): StrongroomError {
  return scope === undefined
    ? new StrongroomError('insufficient_scope', 'This is for the user himself, not for a service.')
    : lacksScope(scope);
}

/** A uid as Firebase makes it or an import may: one segment of a path, of characters a header takes. */
const uidPattern = /^(?!\.{1,2}$|__.*__$)[\x21-\x2b\x2d\x2e\x30-\x7e]{1,128}$/;

function uidOf({ headers }: Request): string {
  const uid = headers[userHeader.toLowerCase()];
  if (typeof uid === 'string' && uidPattern.test(uid)) return uid;
  throw new StrongroomError(
    'invalid_argument',
    `Name the user for whom you act: one header ${userHeader} with the uid.`,
    { field: userHeader },
  );
}
