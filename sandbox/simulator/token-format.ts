import type { TokenProvider } from './behaviour.ts';
import { demand, type Format, parametersIn, type SimulatedRequest } from './request.ts';

/** How token requests travel: as RFC 6749 §4.1.3 says, or as a quirk does. */
export function formatOf({ quirks }: Pick<TokenProvider, 'quirks'>): Format {
  if (quirks.includes('token-by-get')) return 'query';
  return quirks.includes('json-token-request') ? 'json' : 'form';
}

/** The parameters of a token request. @throws Refusal where they travel in another way. */
export function tokenParametersIn(
  provider: Pick<TokenProvider, 'quirks'>,
  request: SimulatedRequest,
): Readonly<Record<string, string>> {
  const format = formatOf(provider);
  const method = format === 'query' ? 'GET' : 'POST';
  demand(request.method === method, `the method is not ${method}`, 'invalid_request', 405);
  // Nothing secret stands in a URL unless the provider wants it there.
  demand(format === 'query' || request.query.size === 0, 'there are parameters in the address');
  return parametersIn(request, format);
}
