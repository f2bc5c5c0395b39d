import { StrongroomError } from '../errors.ts';
import { assertBodySize, requestMaxBytes } from './bodies.ts';

/** A request, as far as it matters here. */
interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: { readonly 'content-type'?: string | undefined };
  readonly rawBody?: Uint8Array | undefined;
}

/**
 * What a provider had the browser bring: in the query (RFC 6749 §4.1.2), or as a form that it posted
 * (OAuth 2.0 Form Post Response Mode §2).
 *
 * @throws StrongroomError `method_not_allowed`, `body_too_large`, `invalid_argument`
 */
export function receivedOf({ method, url, headers, rawBody }: Received): URLSearchParams {
  if (method === 'GET') return new URL(url, 'http://localhost').searchParams;
  if (method !== 'POST') {
    throw new StrongroomError('method_not_allowed', 'Providers answer with GET, or post a form.');
  }
  const type = headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) throw badCallback();
  assertBodySize(rawBody, requestMaxBytes);
  return new URLSearchParams(new TextDecoder().decode(rawBody));
}

export function badCallback(): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    'The provider sent an answer that cannot be used.',
  );
}
