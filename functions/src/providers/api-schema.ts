import * as v from 'valibot';
import { freeName, headerNameSchema, pathSchema, positive, text } from './primitives.ts';
import { urlTemplateSchema } from './template.ts';

/** A field of a token endpoint's answer that is kept with the tokens: `instance_url`. */
const fieldNameSchema = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^${freeName}[a-zA-Z][a-zA-Z0-9_]{0,62}$`),
    'must be the name of a field of the token answer, and of no token',
  ),
);

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** What carries the credential (RFC 6750 §2, or the provider's own way). */
const credentialSchema = v.strictObject({
  headers: v.optional(v.record(headerNameSchema, text), {}),
  query: v.optional(v.record(text, text), {}),
});

const counted = { parameter: v.exactOptional(text), total: v.exactOptional(pathSchema) };
const page = { items: v.exactOptional(pathSchema) };

/** How the API hands out a list; see `client/paginate.ts`. */
export const pagingSchema = v.variant('style', [
  v.strictObject({ style: v.literal('link'), ...page }),
  v.strictObject({
    style: v.literal('cursor'),
    cursor: pathSchema,
    parameter: v.exactOptional(text),
    ...page,
  }),
  /** From after an item on: `starting_after` takes the `id` of the last one. */
  v.strictObject({
    style: v.literal('after'),
    parameter: text,
    id: v.exactOptional(pathSchema),
    more: v.exactOptional(pathSchema),
    ...page,
  }),
  v.strictObject({ style: v.literal('offset'), ...counted, ...page }),
  v.strictObject({
    style: v.literal('page'),
    first: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    ...counted,
    ...page,
  }),
]);

export type Paging = v.InferOutput<typeof pagingSchema>;

/** What callers may ask of this provider's API through the vault; see docs/limits.md. */
const callLimitsSchema = v.strictObject({
  /** Requests of one user. */
  perUserPerMinute: v.optional(positive),
  /** Calls of one user at the same time. */
  perUserConcurrent: v.optional(positive),
  /** Requests of all users together: the provider's quota. */
  perMinute: v.optional(positive),
});

/** How the API says when it may be asked again, where not by `Retry-After`. */
const rateLimitSchema = v.strictObject({
  /** Statuses by which it refuses. */
  statuses: v.optional(v.array(v.picklist([403, 429, 503])), [429]),
  /** The header that tells; how it tells: a time, or how long from now. */
  reset: headerNameSchema,
  resetIs: v.picklist(['seconds', 'epoch-seconds', 'epoch-milliseconds', 'iso-8601']),
  /** The header that tells what is left: a refusal is one of the limit where it is 0. */
  remaining: v.exactOptional(headerNameSchema),
});

export type RateLimit = v.InferOutput<typeof rateLimitSchema>;

/** A request after connecting, whose answer tells where the API is. */
const lookupSchema = v.strictObject({
  /** A URL on the host of the token endpoint, or on one of `apiHosts`. */
  endpoint: urlTemplateSchema,
  /** Default: the credential as it is. `{access_token}` as in `credential`. */
  headers: v.exactOptional(v.record(headerNameSchema, text)),
  /** Which member of the answer is kept as which field: `{"cloud_id": "0.id"}`. */
  keep: v.record(fieldNameSchema, pathSchema),
});

/** A host, or all below a domain: `*.example.com`. */
export const hostPatternSchema = v.pipe(
  v.string(),
  v.regex(
    /^(\*\.)?([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/,
    'must be a host such as api.example.com or *.example.com',
  ),
);

/** The API that a provider protects, and how it is called. */
export const apiEntries = {
  /**
   * Below it a connection's credential goes, nowhere else. `{field}` stands for a field that `keep`
   * names: `{instance_url}/services/data`, `https://{shop}.example.com`.
   */
  apiBaseUrl: urlTemplateSchema,
  /** The hosts that such a field may lead to; without one: that of `apiBaseUrl`. */
  apiHosts: v.optional(v.array(hostPatternSchema), []),
  /** Fields of the token endpoint's answer that are kept with the tokens. */
  keep: v.optional(v.array(fieldNameSchema), []),
  /** A request after connecting that tells further such fields; see docs/settings.md. */
  lookup: v.exactOptional(lookupSchema),
  /** Headers and parameters with `{access_token}`, or a field of `keep`, in them. */
  credential: v.optional(credentialSchema, {
    headers: { authorization: 'Bearer {access_token}' },
  }),
  /** Headers that go with every call; a caller who may set one by `requestHeaders` replaces it. */
  apiHeaders: v.optional(v.record(headerNameSchema, text), {}),
  /** Statuses by which the API refuses a token; one newer is tried. */
  replayOn: v.optional(v.array(v.picklist([401, 403])), [401]),
  /** How an answer refuses a token whatever its status: `{"member": "error", "values": ["token_expired"]}`. */
  refusal: v.exactOptional(
    v.strictObject({ member: pathSchema, values: v.array(v.union([text, v.number()])) }),
  ),
  rateLimit: v.exactOptional(rateLimitSchema),
  /** How lists are handed out, where most of them are alike. */
  paging: v.optional(pagingSchema),
  callLimits: v.optional(callLimitsSchema, {}),
  /** Methods that callers may use through the vault. */
  methods: v.optional(v.array(v.picklist(methods)), [...methods]),
  /** Request headers that callers may set besides the usual ones; lower case. */
  requestHeaders: v.optional(v.array(headerNameSchema), []),
  /** Answer headers that `connections-call` shows besides the usual ones; lower case. */
  answerHeaders: v.optional(
    v.array(
      v.pipe(
        headerNameSchema,
        v.check((name) => !/^set-cookie2?$/.test(name), 'must not be a cookie'),
      ),
    ),
    [],
  ),
  /** Lets a path hold `%2F`, for an API that takes names with a slash as one segment. */
  allowEncodedSlash: v.optional(v.boolean(), false),
  /**
   * Where an answer that repeats the credential is given with asterisks in its place: `calls`: in
   * buffered answers and in all headers; `always`: also in what streams through the proxy, which
   * then comes uncompressed.
   */
  redactEchoes: v.optional(v.picklist(['never', 'calls', 'always']), 'calls'),
};
