import * as v from 'valibot';

/** An identifier of a provider, as clients name it: `acme`, `sandbox-oauth2`. */
export const providerIdSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
);

export const urlSchema = v.pipe(v.string(), v.url('must be an absolute URL'));
export const text = v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048));

/** A scope token (RFC 6749 §3.3). */
export const scopeSchema = v.pipe(
  v.string(),
  v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope token of RFC 6749 §3.3'),
);

export const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Firestore knows no dates that are thousands of years away. */
export const limitSeconds = v.pipe(
  positive,
  v.maxValue(100 * 366 * 86_400, 'must be a hundred years at most'),
);
/** RFC 6749 §5.2. */
export const errorCodeSchema = v.pipe(
  v.string(),
  v.regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'must be an error code of RFC 6749 §5.2'),
);

/** A header's name (RFC 9110 §5.1), in lower case as HTTP/2 has it. */
export const headerNameSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9-]{1,64}$/, 'must be a header name in lower case'),
);

/** What a provider calls a parameter. */
export const wireNameSchema = v.pipe(
  v.string(),
  v.regex(/^[\w.-]{1,64}$/, 'must be the name of a parameter'),
);

/**
 * Begins the expression of a name under which something that is told is kept, by whomever: none that
 * templates have for the client or a token.
 */
export const freeName =
  '(?!(?:access_token|client_id|client_secret|id_token|refresh_token|token)$)';

/** Where something is in a body: names joined by dots, or one by one where a name has a dot. */
export const pathSchema = v.union([text, v.array(text)]);
