import type { Quirk } from './quirk.ts';

export const noExpiryIntrospect: Quirk = {
  summary: "No answer tells the token's end; introspection (RFC 7662) does, and is asked.",
  introspects: true,
};
