import { credentialOf, headersFor, withCredential } from '../../calls/credential.ts';
import type { Egress } from '../../egress/egress.ts';
import { fetchThrough } from '../../egress/fetch.ts';
import { noteNonce } from '../../oauth/dpop.ts';
import { providerTimeoutMs } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Provider } from '../../providers/settings-schema.ts';

/** A request of our own to a provider's API. */
export interface ApiRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Of one such request, as of one to the token endpoint. */
const limits = { timeoutMs: providerTimeoutMs, maxBytes: 250_000 };

/**
 * Sends it with a connection's credential, to that address and no other: redirects are not followed. Once
 * more where a nonce is asked for.
 *
 * @throws EgressError; StrongroomError `provider_answer_invalid` as `credentialOf`.
 */
export function askApi(
  egress: Egress,
  provider: Provider,
  { url: at, method, headers, body }: ApiRequest,
  tokenSet: TokenSet,
): Promise<Response> {
  return withNonce(tokenSet, at, async () => {
    const credential = credentialOf(provider, tokenSet);
    const url = withCredential(new URL(at), credential);
    const { 'user-agent': agent } = { ...credential.apiHeaders, ...headers };
    // Some answer nobody who asks by another name than the app's.
    const name = agent === undefined ? {} : { 'user-agent': agent };
    const named: Egress = (request) =>
      egress({ ...request, headers: { ...request.headers, ...name } });
    const send = fetchThrough(named, limits, [url.origin], credential.certificate);
    return send(url.href, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...credential.apiHeaders,
        ...headers,
        ...(await headersFor(credential, method, url)),
      },
      body,
    });
  });
}

/** Asks once more where a nonce is asked for (RFC 9449 §9). */
export async function withNonce(
  { dpopKey }: TokenSet,
  url: URL,
  ask: () => Promise<Response>,
): Promise<Response> {
  const response = await ask();
  const nonce = response.headers.get('dpop-nonce');
  if (dpopKey === undefined || nonce === null) return response;
  noteNonce(dpopKey, 'resource', url, nonce);
  return response.status === 401 ? ask() : response;
}
