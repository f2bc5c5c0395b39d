import type { Quirk } from './quirk.ts';

/**
 * RFC 6749 §5.1 asks for JSON. Such an answer is read whether the data names this or not, since nothing
 * else could be made of it: to name it is documentation.
 */
export const formEncodedAnswer: Quirk = {
  summary: 'The token endpoint answers with a form, not with JSON.',
};

/** The members of a form; undefined: it is none. */
export function membersOfForm(
  text: string,
  contentType: string,
): Record<string, unknown> | undefined {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType);
  return isForm && text !== '' ? Object.fromEntries(new URLSearchParams(text)) : undefined;
}
