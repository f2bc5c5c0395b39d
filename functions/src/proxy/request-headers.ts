import type { IncomingHttpHeaders } from 'node:http';
import { acceptOver, type Credential } from '../calls/credential.ts';
import { headersOf } from '../calls/request-guard.ts';
import { userAgent } from '../egress/user-agent.ts';
import type { Provider } from '../providers/settings-schema.ts';

interface Coding {
  /** The answer is searched, which is for what is not compressed, and whole. */
  readonly searchable: boolean;
  /** The body goes on as it came; one that the host held was unpacked by it. */
  readonly streams: boolean;
}

/**
 * The caller's headers that go on to the API. Those that are not his to set are left out, as SDKs add
 * headers of their own; how bodies are coded is his matter, as they pass as they are.
 *
 * @throws StrongroomError `header_not_allowed`: a value that no header takes.
 */
export function requestHeadersOf(
  provider: Provider,
  incoming: IncomingHttpHeaders,
  credential: Pick<Credential, 'apiHeaders'>,
  { searchable, streams }: Coding,
): Record<string, string> {
  const stated: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (typeof value === 'string') stated[name] = value;
  }
  // Some APIs answer nobody who does not say what he is.
  const headers: Record<string, string> = {
    'user-agent': userAgent,
    ...credential.apiHeaders,
    ...headersOf(provider, stated, 'dropped'),
    ...acceptOver(credential, stated['accept']),
    // Who names none takes none; an API may think otherwise (RFC 9110 §12.5.3).
    'accept-encoding': searchable ? 'identity' : (stated['accept-encoding'] ?? 'identity'),
  };
  if (streams && stated['content-encoding'] !== undefined) {
    headers['content-encoding'] = stated['content-encoding'];
  }
  if (searchable) {
    // Half of a secret would not be found.
    delete headers['range'];
    delete headers['if-range'];
  }
  return headers;
}
