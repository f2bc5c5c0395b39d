import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import { providerIdSchema, scopeSchema } from '../providers/primitives.ts';

const short = (max: number) => v.pipe(v.string(), v.nonEmpty(), v.maxLength(max));
const connectionId = v.pipe(v.string(), v.regex(/^[\w-]{22}$/));

/** What clients may send; a field that is not here is refused. */
export const nothing = v.strictObject({});
export const oneConnection = v.strictObject({ connectionId });

export const beginRequest = v.strictObject({
  provider: providerIdSchema,
  connectionId: v.optional(connectionId),
  scopes: v.optional(v.pipe(v.array(scopeSchema), v.maxLength(100))),
  loginHint: v.optional(short(320)),
  parameters: v.optional(v.record(short(64), v.pipe(v.string(), v.maxLength(2_048)))),
  /** By their names; their form is the provider's data to say. */
  variables: v.optional(v.record(short(64), v.pipe(v.string(), v.maxLength(2_048)))),
  returnTo: v.optional(short(2_048)),
});

export const addRequest = v.strictObject({
  provider: providerIdSchema,
  /** By the names of fields; their form is the provider's data to say. */
  credentials: v.optional(v.record(short(64), v.unknown())),
  connectionId: v.optional(connectionId),
  scopes: v.optional(v.pipe(v.array(scopeSchema), v.maxLength(100))),
});

/** Of each parameter of an authorization response; more than any provider's has. */
export const responseParameterMaxLength = 4_096;
const responseParameter = short(responseParameterMaxLength);

/** RFC 6749 §4.1.2 with RFC 9207: a code or an error, never both. */
export const completeRequest = v.pipe(
  v.strictObject({
    state: responseParameter,
    code: v.optional(responseParameter),
    iss: v.optional(responseParameter),
    error: v.optional(responseParameter),
    errorDescription: v.optional(v.pipe(v.string(), v.maxLength(responseParameterMaxLength))),
    /** By the names that the provider's data keeps. */
    parameters: v.optional(
      v.pipe(
        v.record(short(64), v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,2048}$/))),
        v.check((all) => Object.keys(all).length <= 10, 'must be ten at most'),
      ),
    ),
  }),
  v.check(
    ({ code, error }) => (code === undefined) !== (error === undefined),
    'needs code or error',
  ),
);

const { provider, connectionId: healed, scopes, variables } = beginRequest.entries;
export const beginDeviceRequest = v.strictObject({
  provider,
  connectionId: healed,
  scopes,
  variables,
});
export const pollDeviceRequest = v.strictObject({ state: responseParameter });

const target = short(2_048);
/** RFC 8693 §2.1 has each of them any number of times. */
const targets = v.optional(
  v.union([
    v.pipe(
      target,
      v.transform((one) => [one]),
    ),
    v.pipe(v.array(target), v.minLength(1), v.maxLength(20)),
  ]),
);

/** An exchange without its connection, which REST names in the path. */
const exchangeFields = {
  audience: targets,
  resource: targets,
  scopes: v.optional(v.pipe(v.array(scopeSchema), v.minLength(1), v.maxLength(100))),
  account: v.optional(short(255)),
  actorConnectionId: v.optional(connectionId),
  keep: v.optional(v.boolean()),
};
export const restExchangeRequest = v.strictObject(exchangeFields);
export const exchangeRequest = v.strictObject({ connectionId, ...exchangeFields });

export const profileRequest = v.strictObject({ connectionId, raw: v.optional(v.boolean()) });

const text = v.pipe(v.string(), v.maxLength(8_192));

/** A call without its connection, which REST names in the path. */
const callFields = {
  method: short(16),
  path: short(4_096),
  query: v.optional(v.record(text, v.union([text, v.array(text)]))),
  headers: v.optional(v.record(text, text)),
  body: v.optional(v.unknown()),
};
export const restCallRequest = v.strictObject(callFields);
export const callRequest = v.strictObject({ connectionId, ...callFields });

export const auditRequest = v.strictObject({
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200))),
  after: v.optional(short(200)),
});
/** The same as parameters of a URL, each once. */
const parameter = v.pipe(
  v.strictTuple([v.string()]),
  v.transform(([value]) => value),
);
export const auditQuery = v.strictObject({
  limit: v.optional(
    v.pipe(parameter, v.regex(/^\d{1,3}$/), v.transform(Number), v.minValue(1), v.maxValue(200)),
  ),
  after: v.optional(v.pipe(parameter, v.maxLength(200))),
});

export const profileQuery = v.strictObject({
  raw: v.optional(
    v.pipe(
      parameter,
      v.picklist(['true', 'false']),
      v.transform((value) => value === 'true'),
    ),
  ),
});

export const batchRequest = v.object({
  provider: providerIdSchema,
  startAt: v.number(),
  isProbe: v.exactOptional(v.boolean()),
  connections: v.pipe(
    v.array(v.object({ id: connectionId, generation: v.number() })),
    v.maxLength(1_000),
  ),
});

/**
 * Validates what came in, once.
 *
 * @throws StrongroomError `invalid_argument` naming the field, never showing its value.
 */
export function parseRequest<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  // A key of a record is the caller's own text: only names that we know are shown.
  const field = path !== null && /^[a-zA-Z.\d]{1,64}$/.test(path) ? path : '(request)';
  throw new StrongroomError(
    'invalid_argument',
    `The field ${field} is missing, unknown or not of the expected form.`,
    { field },
  );
}
