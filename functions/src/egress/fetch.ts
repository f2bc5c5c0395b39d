import type { ClientCertificate } from './certificate.ts';
import type { Egress } from './egress.ts';

interface FetchInit {
  readonly body?: unknown;
  readonly headers: Record<string, string>;
  readonly method: string;
}

interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const noBody = new Set([101, 204, 205, 304]);

/**
 * The door to the outside in the shape that `oauth4webapi` takes (`customFetch`).
 *
 * @param allowedOrigins As in `OutgoingRequest`; so is `certificate`.
 */
export function fetchThrough(
  egress: Egress,
  limits: FetchLimits,
  allowedOrigins?: readonly string[],
  certificate?: ClientCertificate | undefined,
) {
  return async (url: string, { body, headers: all, method }: FetchInit): Promise<Response> => {
    // The library's name says nothing of who asks.
    const { 'user-agent': _library, ...headers } = all;
    const answer = await egress({
      url: new URL(url),
      method,
      headers,
      body: body === undefined || body === null ? undefined : String(body),
      allowedOrigins,
      certificate,
      ...limits,
    });
    const content = noBody.has(answer.status) ? null : answer.body;
    return new Response(content, { status: answer.status, headers: answer.headers });
  };
}
