import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isRecord, readBody } from '../http/body.ts';

/** A request as a simulated provider reads it. */
export interface SimulatedRequest {
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export async function readRequest(request: IncomingMessage): Promise<SimulatedRequest> {
  const { method = 'GET', url = '/', headers } = request;
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const body = (await readBody(request)).toString('utf8');
  return { method, path, query: new URLSearchParams(query), headers, body };
}

/** How parameters travel. */
export type Format = 'form' | 'json' | 'query';

/** The parameters of a request, which must travel in that way and in no other. */
export function parametersIn(
  { headers, query, body }: SimulatedRequest,
  format: Format,
): Readonly<Record<string, string>> {
  if (format === 'query') return once(query);
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const expected = format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  if (body !== '' && type !== expected) {
    throw new Refusal(415, 'invalid_request', `the body is not ${expected}`);
  }
  if (format === 'form') return once(new URLSearchParams(body));
  const members = readJson(body);
  return Object.fromEntries(Object.entries(members).map(([name, item]) => [name, String(item)]));
}

/** RFC 6749 §3.2: parameters are sent once at most. */
function once(parameters: URLSearchParams): Readonly<Record<string, string>> {
  for (const name of parameters.keys()) {
    if (parameters.getAll(name).length > 1) {
      throw new Refusal(400, 'invalid_request', `${name} was sent twice`);
    }
  }
  return Object.fromEntries(parameters);
}

function readJson(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (isRecord(value)) return value;
  } catch {
    // Refused below.
  }
  throw new Refusal(400, 'invalid_request', 'the body is no JSON object');
}

/** What the simulator does not accept, by the codes of RFC 6749 §5.2. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, why: string) {
    super(why);
    this.status = status;
    this.code = code;
  }
}

/** Demands something of a request. @throws Refusal */
export function demand(
  isMet: boolean,
  why: string,
  code = 'invalid_request',
  status = 400,
): asserts isMet {
  if (!isMet) throw new Refusal(status, code, why);
}
