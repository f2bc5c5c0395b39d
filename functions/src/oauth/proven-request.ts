import { type DpopKey, noteNonce, proofFor } from './dpop.ts';
import type { Party } from './party.ts';

/**
 * Asks the token endpoint, with a proof where the tokens are to be bound to a key; once more where the
 * provider wants a nonce in it (RFC 9449 §8): what it refused so is not spent.
 *
 * @param ask sends one request with these headers.
 * @param mayAskAgain whether there is time for a second request; default: yes.
 * @param endpoint where it goes, where that is not the token endpoint.
 */
export async function provenRequest(
  party: Pick<Party, 'server' | 'client'>,
  key: DpopKey | undefined,
  ask: (headers: Record<string, string>) => Promise<Response>,
  mayAskAgain: () => boolean = () => true,
  endpoint = tokenEndpointOf(party),
): Promise<Response> {
  if (key === undefined || endpoint === undefined) return ask({});
  const url = new URL(endpoint);
  const askOnce = async (): Promise<Response> => {
    const answer = await ask({ dpop: await proofFor(key, { method: 'POST', url }) });
    noteNonce(key, 'authorization', url, answer.headers.get('dpop-nonce'));
    return answer;
  };
  const answer = await askOnce();
  const isAsked = answer.headers.has('dpop-nonce') && (await asksForNonce(answer));
  return isAsked && mayAskAgain() ? askOnce() : answer;
}

/** Where the request goes: with mutual TLS often to a host of its own (RFC 8705 §5). */
function tokenEndpointOf({ server, client }: Pick<Party, 'server' | 'client'>) {
  const aliases = client.use_mtls_endpoint_aliases ? server.mtls_endpoint_aliases : undefined;
  return aliases?.token_endpoint ?? server.token_endpoint;
}

async function asksForNonce(answer: Response): Promise<boolean> {
  if (answer.status !== 400 && answer.status !== 401) return false;
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined);
  return typeof body === 'object' && body !== null && 'error' in body
    ? body.error === 'use_dpop_nonce'
    : false;
}
