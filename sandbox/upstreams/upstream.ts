import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../http/body.ts';
import { type LocalServer, startLocalServer } from '../http/local-server.ts';

/** A request that an upstream was sent. */
export interface SeenRequest {
  readonly method: string;
  /** The path as it came, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a route works with. */
export interface Call extends SeenRequest {
  /** What the names in the route's path stand for, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** `http://127.0.0.1:<port>`, for links that an answer carries. */
  readonly baseUrl: string;
}

export interface Answer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and strings as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** By method and path, the first that fits: `GET /repos/{owner}/{repo}`; `{+path}` holds slashes. */
export type Routes = Readonly<Record<string, (call: Call) => Answer>>;

/** Something to go wrong, in the API's own words, with the next requests that get past no door. */
export interface UpstreamFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** For how many requests; 1 unless given. */
  readonly times?: number;
}

export interface UpstreamOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Whether an access token is good; unless given, every one is. */
  readonly accepts?: (accessToken: string) => boolean | Promise<boolean>;
}

/** An API of the sandbox that has the shape of another's. */
export interface Upstream extends LocalServer {
  /** What it was sent, good or bad, oldest first. */
  requests(): readonly SeenRequest[];
  addFault(fault: UpstreamFault): void;
  /** Forgets the requests and the faults to come; what was written stays. */
  reset(): void;
}

interface Shape {
  readonly routes: Routes;
  /** How the API tells an error of that status: 401, 404, 429, 5xx. */
  readonly error: (status: number) => Answer;
  /** Open to everybody, as URLs are that are secret themselves. Default: no. */
  readonly isOpen?: boolean;
}

const bodyLimitBytes = 64 * 1_048_576;

/**
 * Serves an API of a given shape on the loopback interface: finds the route, demands an access token
 * as `Authorization: Bearer`, lets faults happen. Its data live as long as the server.
 */
export async function createUpstream(
  { routes, error, isOpen = false }: Shape,
  { port = 0, accepts = () => true }: UpstreamOptions = {},
): Promise<Upstream> {
  const table = Object.entries(routes).map(([route, answer]) => ({ ...patternOf(route), answer }));
  const seen: SeenRequest[] = [];
  let faults: { readonly fault: UpstreamFault; left: number }[] = [];

  const takeFault = (): UpstreamFault | undefined => {
    const [next] = faults;
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left <= 0) faults.shift();
    return next.fault;
  };

  const answerTo = async (request: SeenRequest): Promise<Answer> => {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!isOpen && (token === undefined || !(await accepts(token)))) return error(401);
    const fault = takeFault();
    if (fault !== undefined) {
      const told = error(fault.status);
      return { ...told, headers: { ...told.headers, ...fault.headers } };
    }
    for (const { method, path, answer } of table) {
      const found = method === request.method ? path.exec(request.path) : null;
      if (found === null) continue;
      const groups = Object.entries({ ...found.groups });
      const params = Object.fromEntries(groups.map(([k, v]) => [k, decodeURIComponent(v)]));
      return answer({ ...request, params, baseUrl: server.url });
    }
    return error(404);
  };

  const server = await startLocalServer(async (request, response) => {
    const read = await readRequest(request);
    seen.push(read);
    send(response, await answerTo(read));
  }, port);

  return {
    ...server,
    requests: () => [...seen],
    addFault: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    reset() {
      seen.length = 0;
      faults = [];
    },
  };
}

function patternOf(route: string): { readonly method: string; readonly path: RegExp } {
  const [method = '', template = ''] = route.split(' ');
  const source = template
    .replace(/[.$]/g, '\\$&')
    .replace(/\{(\+?)(\w+)\}/g, (_, many: string, name: string) =>
      many === '' ? `(?<${name}>[^/]+)` : `(?<${name}>.+)`,
    );
  return { method, path: new RegExp(`^${source}$`) };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const { method = 'GET', url = '/', headers } = request;
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const body = await readBody(request, bodyLimitBytes);
  return { method, path, query: new URLSearchParams(query), headers, body };
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Answer): void {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const json = { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...(!isRaw && body !== undefined && json), ...headers });
  if (body === undefined) response.end();
  else response.end(isRaw ? body : JSON.stringify(body));
}

/** The members of a JSON body; none where it is something else. */
export function jsonOf({ body }: Pick<SeenRequest, 'body'>): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body.toString('utf8')));
  } catch {
    return {};
  }
}

/** The fields of a form (`application/x-www-form-urlencoded`). */
export function formOf({ body }: Pick<SeenRequest, 'body'>): URLSearchParams {
  return new URLSearchParams(body.toString('utf8'));
}

/** One part of a `multipart/…` body (RFC 2046 §5.1). */
export interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The parts of a multipart body, in their order; none where it is something else. */
export function partsOf({ headers, body }: Pick<SeenRequest, 'headers' | 'body'>): Part[] {
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) return [];
  const pieces = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  return pieces.map((piece) => {
    const [head = '', content = ''] = piece.split(/\r\n\r\n(.*)/s);
    const lines = head.split('\r\n').filter((line) => line !== '');
    return {
      headers: Object.fromEntries(
        lines.map((line) => {
          const [name = '', value = ''] = line.split(/:\s*(.*)/s);
          return [name.toLowerCase(), value];
        }),
      ),
      body: Buffer.from(content.replace(/\r\n$/, ''), 'latin1'),
    };
  });
}

/** A digest in hex, for entity tags and check sums. */
export function digestOf(bytes: string | Uint8Array, algorithm: 'sha1' | 'md5' = 'sha1'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
