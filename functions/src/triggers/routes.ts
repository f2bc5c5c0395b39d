import type { Request, Response } from 'firebase-functions/https';
import { StrongroomError } from '../errors.ts';
import type { Caller, Checks } from '../identity/caller.ts';
import type { ServiceScope } from '../identity/service-settings.ts';
import { privateHeaders } from '../private-headers.ts';
import type { ProxyRequest } from '../proxy/proxy.ts';
import { callMaxBytes, decodeAnswer, encodeBody, requestMaxBytes } from './bodies.ts';
import { guard } from './guards.ts';
import { queryOf } from './query.ts';
import {
  addRequest,
  auditQuery,
  beginDeviceRequest,
  beginRequest,
  completeRequest,
  nothing,
  oneConnection,
  parseRequest,
  pollDeviceRequest,
  profileQuery,
  restCallRequest,
  restExchangeRequest,
} from './requests.ts';
import { suite } from './suite.ts';

/** What a route needs of a request that was authenticated. */
export interface RouteContext {
  readonly caller: Caller;
  readonly request: Request;
  readonly response: Response;
  /** What the path's groups captured: `id`, `path`. */
  readonly groups: Readonly<Record<string, string | undefined>>;
  readonly deadlineAt: number;
}

export interface Route {
  /** Absent: any. */
  readonly method?: string;
  readonly path: RegExp;
  /** The callable that does the same. */
  readonly operation: string;
  /** How its callers are checked. */
  readonly checks: () => Checks;
  /** What a service needs; absent: this is for the user himself. */
  readonly scope?: ServiceScope;
  readonly maxBytes: number;
  readonly handle: (context: RouteContext) => Promise<void>;
}

const base = '^/v1';
const one = `${base}/connections/(?<id>[^/]+)`;

/** The REST twins of the callables, and the proxy. */
export const routes: readonly Route[] = [
  forServices('connections.read', json('describe', 'GET', `${base}/openapi\\.json$`, describe)),
  forServices(
    'connections.read',
    json('providers-list', 'GET', `${base}/providers$`, () => suite().listProviders()),
  ),
  forServices(
    'connections.read',
    json('connections-list', 'GET', `${base}/connections$`, ({ caller }) => suite().list(caller)),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-begin', 'POST', `${base}/connections$`, ({ caller, request }) =>
        suite().begin(caller, parseRequest(beginRequest, bodyOf(request))),
      ),
    ),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-complete', 'POST', `${base}/connections/complete$`, ({ caller, request }) =>
        suite().complete(caller, parseRequest(completeRequest, bodyOf(request))),
      ),
    ),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-add', 'POST', `${base}/connections/add$`, ({ caller, request }) =>
        suite().add(caller, parseRequest(addRequest, bodyOf(request))),
      ),
    ),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-beginDevice', 'POST', `${base}/connections/device$`, (context) =>
        suite().beginDevice(
          context.caller,
          parseRequest(beginDeviceRequest, bodyOf(context.request)),
        ),
      ),
    ),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-pollDevice', 'POST', `${base}/connections/device/poll$`, (context) =>
        suite().pollDevice(
          context.caller,
          parseRequest(pollDeviceRequest, bodyOf(context.request)),
        ),
      ),
    ),
  ),
  sensitive(
    json('connections-forget', 'DELETE', `${base}/connections$`, ({ caller }) =>
      suite().forget(caller.uid, 'user'),
    ),
  ),
  sensitive(
    json('connections-export', 'GET', `${base}/export$`, ({ caller }) => suite().exportAll(caller)),
  ),
  json('audit-list', 'GET', `${base}/audit$`, ({ caller, request }) =>
    suite().listAudit(caller, parseRequest(auditQuery, queryOf(request.url))),
  ),
  forServices(
    'connections.read',
    json('connections-get', 'GET', `${one}$`, (context) =>
      suite().get(context.caller, idOf(context)),
    ),
  ),
  forServices(
    'connections.write',
    sensitive(
      json('connections-disconnect', 'DELETE', `${one}$`, (context) =>
        suite().disconnect(context.caller, idOf(context)),
      ),
    ),
  ),
  forServices(
    'tokens.read',
    sensitive(
      json('connections-token', 'POST', `${one}/token$`, (context) => {
        parseRequest(nothing, bodyOf(context.request));
        return suite().token(context.caller, idOf(context), context.deadlineAt);
      }),
    ),
  ),
  forServices(
    'connections.read',
    json('connections-profile', 'GET', `${one}/profile$`, (context) => {
      const { raw } = parseRequest(profileQuery, queryOf(context.request.url));
      const request = { connectionId: idOf(context), raw };
      return suite().profile(context.caller, request, context.deadlineAt);
    }),
  ),
  forServices(
    'tokens.read',
    sensitive(
      json('connections-exchange', 'POST', `${one}/exchange$`, (context) => {
        const wanted = parseRequest(restExchangeRequest, bodyOf(context.request));
        const request = { ...wanted, connectionId: idOf(context) };
        return suite().exchange(context.caller, request, context.deadlineAt);
      }),
    ),
  ),
  forServices('calls.write', {
    ...json('connections-call', 'POST', `${one}/call$`, async (context) => {
      const { body, headers, ...call } = parseRequest(restCallRequest, bodyOf(context.request));
      const encoded = { ...call, ...encodeBody(body, headers) };
      const { caller, deadlineAt, response } = context;
      const answer = await suite().call(caller, idOf(context), encoded, deadlineAt);
      response.set(answer.limitFields);
      return decodeAnswer(answer);
    }),
    maxBytes: callMaxBytes,
  }),
  // As much as the host takes: it has taken it already, or it passes without being held.
  forServices('calls.write', {
    path: new RegExp(`${one}/proxy(?<path>/.*)?$`),
    operation: 'connections-proxy',
    checks: guard('connections-proxy', false),
    maxBytes: Number.POSITIVE_INFINITY,
    handle: proxy,
  }),
];

function json(
  operation: string,
  method: string,
  path: string,
  answer: (context: RouteContext) => Promise<unknown>,
): Route {
  return {
    operation,
    method,
    path: new RegExp(path),
    checks: guard(operation, false),
    maxBytes: requestMaxBytes,
    handle: async (context) => {
      const value = await answer(context);
      context.response.status(200).set(privateHeaders).json(value);
    },
  };
}

function sensitive(route: Route): Route {
  return { ...route, checks: guard(route.operation, true) };
}

function forServices(scope: ServiceScope, route: Route): Route {
  return { ...route, scope };
}

/** Loaded where somebody asks: it is larger than most functions' code. */
async function describe(): Promise<object> {
  const found = await import('../../../docs/api/openapi.json', { with: { type: 'json' } });
  return found.default;
}

function idOf({ groups }: RouteContext): string {
  return parseRequest(oneConnection, { connectionId: groups['id'] }).connectionId;
}

/** @throws StrongroomError `malformed_json` for a body that did not come as JSON. */
function bodyOf(request: Request): unknown {
  if (request.rawBody === undefined || request.rawBody.byteLength === 0) return {};
  if (request.is('application/json') !== 'application/json') {
    throw new StrongroomError('malformed_json', 'Send the body as JSON (application/json).');
  }
  return request.body;
}

async function proxy(context: RouteContext): Promise<void> {
  const { caller, request, response, groups, deadlineAt } = context;
  const { method, headers, url } = request;
  const at = url.indexOf('?');
  const target = (groups['path'] ?? '/') + (at < 0 ? '' : url.slice(at));
  const asked = { method, headers, target, body: proxiedBodyOf(request) };
  await suite().proxy(caller, idOf(context), asked, response, deadlineAt);
}

/** What the host has read of the body; else the request itself, where one is to come (RFC 9112 §6.3). */
function proxiedBodyOf(request: Request): ProxyRequest['body'] {
  const { rawBody, headers } = request;
  if (rawBody !== undefined) return rawBody.byteLength > 0 ? rawBody : undefined;
  const isToCome =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return isToCome ? request : undefined;
}
