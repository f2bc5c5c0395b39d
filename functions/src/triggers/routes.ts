import type { Request, Response } from 'firebase-functions/https';
import type { ApiAnswer } from '../calls/call.ts';
import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import { callMaxBytes, decodeAnswer, encodeBody, requestMaxBytes } from './bodies.ts';
import { privateHeaders } from './problems.ts';
import { queryOf } from './query.ts';
import {
  auditQuery,
  beginRequest,
  completeRequest,
  nothing,
  oneConnection,
  parseRequest,
  restCallRequest,
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
  readonly checksRevocation?: boolean;
  readonly maxBytes: number;
  readonly handle: (context: RouteContext) => Promise<void>;
}

const base = '^/v1';
const one = `${base}/connections/(?<id>[^/]+)`;

/** The REST twins of the callables, and the proxy. */
export const routes: readonly Route[] = [
  json('GET', `${base}/providers$`, () => suite().listProviders()),
  json('GET', `${base}/connections$`, ({ caller }) => suite().list(caller)),
  sensitive(
    json('POST', `${base}/connections$`, ({ caller, request }) =>
      suite().begin(caller, parseRequest(beginRequest, bodyOf(request))),
    ),
  ),
  sensitive(
    json('POST', `${base}/connections/complete$`, ({ caller, request }) =>
      suite().complete(caller, parseRequest(completeRequest, bodyOf(request))),
    ),
  ),
  sensitive(
    json('DELETE', `${base}/connections$`, ({ caller }) => suite().forget(caller.uid, 'user')),
  ),
  sensitive(json('GET', `${base}/export$`, ({ caller }) => suite().exportAll(caller))),
  json('GET', `${base}/audit$`, ({ caller, request }) =>
    suite().listAudit(caller, parseRequest(auditQuery, queryOf(request.url))),
  ),
  json('GET', `${one}$`, (context) => suite().get(context.caller, idOf(context))),
  sensitive(
    json('DELETE', `${one}$`, (context) => suite().disconnect(context.caller, idOf(context))),
  ),
  sensitive(
    json('POST', `${one}/token$`, (context) => {
      parseRequest(nothing, bodyOf(context.request));
      return suite().token(context.caller, idOf(context), context.deadlineAt);
    }),
  ),
  {
    ...json('POST', `${one}/call$`, async (context) => {
      const { body, headers, ...call } = parseRequest(restCallRequest, bodyOf(context.request));
      const encoded = { ...call, ...encodeBody(body, headers) };
      const { caller, deadlineAt } = context;
      return decodeAnswer(await suite().call(caller, idOf(context), encoded, deadlineAt));
    }),
    maxBytes: callMaxBytes,
  },
  { path: new RegExp(`${one}/proxy(?<path>/.*)?$`), maxBytes: callMaxBytes, handle: proxy },
];

function json(
  method: string,
  path: string,
  answer: (context: RouteContext) => Promise<unknown>,
): Route {
  return {
    method,
    path: new RegExp(path),
    maxBytes: requestMaxBytes,
    handle: async (context) => {
      const value = await answer(context);
      context.response.status(200).set(privateHeaders).json(value);
    },
  };
}

function sensitive(route: Route): Route {
  return { ...route, checksRevocation: true };
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
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string') headers[name] = value;
  }
  const { rawBody } = request;
  const answer = await suite().call(
    caller,
    idOf(context),
    {
      method: request.method,
      path: groups['path'] ?? '/',
      query: queryOf(request.url),
      headers,
      otherHeaders: 'dropped',
      ...(rawBody !== undefined && rawBody.byteLength > 0 && { body: rawBody }),
    },
    deadlineAt,
  );
  sendAnswer(response, answer);
}

/** What another site wrote must not run as a page of the app's. */
const asNoPage = { 'content-security-policy': "sandbox; default-src 'none'" } as const;

/** The provider's own caching rules do not hold for our address, which many users share. */
function sendAnswer(response: Response, { status, headers, body }: ApiAnswer): void {
  response
    .status(status)
    .set({ ...headers, ...privateHeaders, ...asNoPage })
    .end(Buffer.from(body));
}
