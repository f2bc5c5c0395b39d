import type { Quirk } from './quirk.ts';

/** OAuth 2.0 Form Post Response Mode §2. */
export const formPostCallback: Quirk = {
  summary: 'The answer to an authorization request comes as a form that the browser posts.',
  authorize: (parameters) => ({ ...parameters, response_mode: 'form_post' }),
};
