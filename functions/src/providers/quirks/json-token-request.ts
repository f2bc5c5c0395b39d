import type { Quirk } from './quirk.ts';

/** RFC 6749 §4.1.3 asks for a form. */
export const jsonTokenRequest: Quirk = {
  summary: 'The token endpoint takes JSON, not a form.',
  token: (send) => (request) => send({ ...request, format: 'json' }),
};
