import { type CallableRequest, HttpsError, onCall } from 'firebase-functions/https';
import type * as v from 'valibot';

import { type Caller, callerOfCallable, sessionOnly } from '../identity/caller.ts';
import { systemClock } from '../platform/clock.ts';
import {
  assertBodySize,
  callMaxBytes,
  decodeAnswer,
  encodeBody,
  requestMaxBytes,
} from './bodies.ts';
import { withoutLoggedBodies } from './envelope.ts';
import { guard } from './guards.ts';
import { deadlineFrom, requestTimeoutSeconds } from './options.ts';
import { refusalOf } from './refusal.ts';
import {
  addRequest,
  auditRequest,
  beginDeviceRequest,
  beginRequest,
  callRequest,
  completeRequest,
  exchangeRequest,
  nothing,
  oneConnection,
  parseRequest,
  pollDeviceRequest,
  profileRequest,
} from './requests.ts';
import { resuming } from './resuming.ts';
import { suite } from './suite.ts';

interface CallableOptions<S> {
  readonly takes: S;
  /** Whether a revoked session is refused at once, for one request to Firebase Auth more. */
  readonly checksRevocation?: boolean;
  readonly maxBytes?: number;
}

/** One callable: who is calling, what he sends, then the use case; every error with its code. */
function callable<S extends v.GenericSchema, T>(
  operation: string,
  { takes, checksRevocation = false, maxBytes = requestMaxBytes }: CallableOptions<S>,
  handle: (caller: Caller, request: v.InferOutput<S>, deadlineAt: number) => Promise<T>,
) {
  const options = { timeoutSeconds: requestTimeoutSeconds };
  const checks = guard(operation, checksRevocation);
  const deployed = onCall(options, async (request: CallableRequest<unknown>): Promise<T> => {
    const deadlineAt = deadlineFrom(systemClock.ticks());
    try {
      const caller = await callerOfCallable(request, checks());
      assertBodySize(request.rawRequest.rawBody, maxBytes);
      const input = parseRequest(takes, request.data);
      const isBack = () => callerOfCallable(request, sessionOnly);
      return await resuming(caller, isBack, () => handle(caller, input, deadlineAt));
    } catch (error) {
      throw asHttpsError(operation, error);
    }
  });
  return withoutLoggedBodies(deployed);
}

function asHttpsError(operation: string, error: unknown): HttpsError {
  const { functionsCode, message, code, details } = refusalOf(operation, error);
  return new HttpsError(functionsCode, message, { code, ...details });
}

/** Deployed as `providers-list`. */
export const providers = {
  list: callable('providers-list', { takes: nothing }, () => suite().listProviders()),
};

/** Deployed as `connections-begin` and so on. */
export const connections = {
  begin: callable(
    'connections-begin',
    { takes: beginRequest, checksRevocation: true },
    (caller, request) => suite().begin(caller, request),
  ),
  complete: callable(
    'connections-complete',
    { takes: completeRequest, checksRevocation: true },
    (caller, response) => suite().complete(caller, response),
  ),
  add: callable(
    'connections-add',
    { takes: addRequest, checksRevocation: true },
    (caller, request) => suite().add(caller, request),
  ),
  beginDevice: callable(
    'connections-beginDevice',
    { takes: beginDeviceRequest, checksRevocation: true },
    (caller, request) => suite().beginDevice(caller, request),
  ),
  pollDevice: callable(
    'connections-pollDevice',
    { takes: pollDeviceRequest, checksRevocation: true },
    (caller, request) => suite().pollDevice(caller, request),
  ),
  list: callable('connections-list', { takes: nothing }, (caller) => suite().list(caller)),
  get: callable('connections-get', { takes: oneConnection }, (caller, { connectionId }) =>
    suite().get(caller, connectionId),
  ),
  profile: callable(
    'connections-profile',
    { takes: profileRequest },
    (caller, request, deadlineAt) => suite().profile(caller, request, deadlineAt),
  ),
  call: callable(
    'connections-call',
    { takes: callRequest, maxBytes: callMaxBytes },
    async (caller, { connectionId, body, headers, ...call }, deadlineAt) => {
      const encoded = { ...call, ...encodeBody(body, headers) };
      return decodeAnswer(await suite().call(caller, connectionId, encoded, deadlineAt));
    },
  ),
  token: callable(
    'connections-token',
    { takes: oneConnection, checksRevocation: true },
    (caller, { connectionId }, deadlineAt) => suite().token(caller, connectionId, deadlineAt),
  ),
  exchange: callable(
    'connections-exchange',
    { takes: exchangeRequest, checksRevocation: true },
    (caller, request, deadlineAt) => suite().exchange(caller, request, deadlineAt),
  ),
  disconnect: callable(
    'connections-disconnect',
    { takes: oneConnection, checksRevocation: true },
    (caller, { connectionId }) => suite().disconnect(caller, connectionId),
  ),
  export: callable('connections-export', { takes: nothing, checksRevocation: true }, (caller) =>
    suite().exportAll(caller),
  ),
  forget: callable('connections-forget', { takes: nothing, checksRevocation: true }, ({ uid }) =>
    suite().forget(uid, 'user'),
  ),
};

/** Deployed as `audit-list`. */
export const audit = {
  list: callable('audit-list', { takes: auditRequest }, (caller, page) =>
    suite().listAudit(caller, page),
  ),
};
