import type { ApiAnswer } from '../calls/call.ts';
import type { ApiCall } from '../calls/request-guard.ts';
import { StrongroomError } from '../errors.ts';

/** Limit of a request that carries a body for a provider's API. */
export const callMaxBytes = 10_000_000;
/** Limit of every other request. */
export const requestMaxBytes = 64_000;

/** @throws StrongroomError `body_too_large` */
export function assertBodySize(rawBody: Uint8Array | undefined, maxBytes: number): void {
  if (rawBody !== undefined && rawBody.byteLength > maxBytes) {
    throw new StrongroomError('body_too_large', `The body may have ${maxBytes} bytes at most.`);
  }
}

/** The body of `connections-call`: text as it is, anything else as JSON. */
export function encodeBody(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Pick<ApiCall, 'body' | 'headers'> {
  if (body === undefined) return { headers };
  if (typeof body === 'string') return { body, headers };
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return {
    body: JSON.stringify(body),
    headers: typed ? headers : { ...headers, 'content-type': 'application/json' },
  };
}

/** A provider's answer as a callable can give it. */
export interface CallResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or text, or base64 where `encoding` says so. */
  readonly data: unknown;
  readonly encoding?: 'base64';
}

export function decodeAnswer({ status, headers, body }: ApiAnswer): CallResult {
  const type = headers['content-type'] ?? '';
  if (body.byteLength === 0) return { status, headers, data: null };
  if (!/json|^text\/|xml|x-www-form-urlencoded/i.test(type)) {
    const data = Buffer.from(body).toString('base64');
    return { status, headers, data, encoding: 'base64' };
  }
  const text = new TextDecoder().decode(body);
  return { status, headers, data: /json/i.test(type) ? parsedOr(text) : text };
}

/** What claims to be JSON and is not is handed on as the text it is. */
function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
