import * as v from 'valibot';
import { text, urlSchema } from './primitives.ts';
import { variableNameSchema, variableSchema } from './variable-schema.ts';

/** `2026-11-22` */
const dateSchema = v.pipe(v.string(), v.isoDate('must be a date such as 2026-11-22'));

/** Where facts were read. */
const sourceSchema = v.strictObject({
  /** A page, or a description where it has no address. */
  url: text,
  readAt: dateSchema,
  /** Names of fields (`life.rotation`), each with what was said where the name does not tell. */
  facts: v.pipe(v.array(text), v.minLength(1, 'must name a fact')),
  /** Through what it was read, where not directly. */
  via: v.exactOptional(text),
});

/** An answer as the provider's documentation shows it. All values in it are invented. */
const sampleSchema = v.strictObject({
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)), 200),
  /** Default: `application/json`. */
  contentType: v.exactOptional(text),
  body: v.unknown(),
});

export type Sample = v.InferOutput<typeof sampleSchema>;

/** Settings of a provider that are the team's own: no entry has them. */
export const teamsOwn = [
  'catalogue',
  'clientId',
  'clientSecrets',
  'clientKeys',
  'clientCertificate',
  'assertionKeys',
  'signIn',
  'allowTokenRelease',
  'rotate',
] as const;

/** How far an entry is known to be right. */
export const entryStatuses = ['verified by simulator', 'from documentation', 'imported'] as const;

/** A file of the catalogue, `catalogue/<id>.json`; see docs/catalogue.md. */
export const entrySchema = v.strictObject({
  /** The JSON Schema of this file, for editors. */
  $schema: v.exactOptional(text),
  name: text,
  status: v.picklist(entryStatuses),
  /** Where a team registers its app, and what it must know there. */
  register: v.exactOptional(
    v.strictObject({ url: v.exactOptional(urlSchema), note: v.exactOptional(text) }),
  ),
  /** What is another for each team or user: `{subdomain}` in the provider's addresses. */
  variables: v.optional(v.record(variableNameSchema, variableSchema), {}),
  /** Settings of the provider but the team's own; see docs/settings.md. */
  provider: v.looseObject({ kind: text }),
  /** What its endpoints answer, for the simulator and its tests. */
  samples: v.optional(
    v.strictObject({
      token: v.exactOptional(sampleSchema),
      refresh: v.exactOptional(sampleSchema),
      /** Of a refresh whose grant is gone. */
      refreshError: v.exactOptional(sampleSchema),
      revocation: v.exactOptional(sampleSchema),
      profile: v.exactOptional(sampleSchema),
      lookup: v.exactOptional(sampleSchema),
      /** Of an API call with a token that is no longer good; default: 401. */
      refusal: v.exactOptional(sampleSchema),
      introspection: v.exactOptional(sampleSchema),
      userinfo: v.exactOptional(sampleSchema),
    }),
    {},
  ),
  sources: v.pipe(v.array(sourceSchema), v.minLength(1, 'must name a source')),
  /** Facts that are not from a source. */
  unsourced: v.optional(v.array(text), []),
  /** For people: what is special. */
  notes: v.exactOptional(text),
});

export type Entry = v.InferOutput<typeof entrySchema>;
