import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  readonly trailers: NodeJS.Dict<string>;
}

/** Begins a request on a connection of its own; what fails is for whoever waits for the answer. */
export function begin(url: string, options: RequestOptions = {}): ClientRequest {
  const begun = request(url, { agent: false, ...options });
  begun.on('error', () => {});
  return begun;
}

/** The answer once its headers are there. @throws Error where there comes none. */
export async function answerOf(begun: ClientRequest): Promise<IncomingMessage> {
  const [answer]: IncomingMessage[] = await once(begun, 'response');
  assert.ok(answer);
  return answer;
}

/** A whole exchange. @throws Error where the answer breaks off. */
export async function ask(
  url: string,
  { body, ...options }: RequestOptions & { readonly body?: string | Uint8Array } = {},
): Promise<Received> {
  const begun = begin(url, options);
  begun.end(body);
  const answer = await answerOf(begun);
  const { statusCode: status = 0, headers } = answer;
  const bytes = await buffer(answer);
  return { status, headers, body: bytes, text: String(bytes), trailers: answer.trailers };
}

/** Problem details. */
export function codeOf({ text }: Received): unknown {
  return Object(JSON.parse(text)).code;
}

/** The next piece of an answer. */
export async function next(answer: IncomingMessage): Promise<string> {
  const [chunk]: unknown[] = await once(answer, 'data');
  return String(chunk);
}
