import type { Quirk } from './quirk.ts';

/** RFC 6749 §3.2 asks for POST: addresses end up in logs. Only for who takes nothing else. */
export const tokenByGet: Quirk = {
  summary: 'The token endpoint takes GET, and the parameters in the address.',
  token: (send) => (request) => send({ ...request, method: 'GET', format: 'query' }),
};
