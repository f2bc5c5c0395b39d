import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import { entrySchema, teamsOwn } from './entry-schema.ts';
import { providerSchema } from './provider-schema.ts';

type JsonSchema = ReturnType<typeof toJsonSchema>;

/** What a team says of a provider, and what an entry says elsewhere. */
const saidElsewhere: readonly string[] = [...teamsOwn, 'name', 'variables'];
/** A team may say it where no source does. */
const mayLack = [...saidElsewhere, 'apiBaseUrl'];

/** Text with the place of a variable, which is filled before the settings' schema sees it. */
const template: JsonSchema = { type: 'string', pattern: '\\{[a-z][a-z0-9_]*\\}' };

const config: ConversionConfig = {
  target: 'draft-2020-12',
  typeMode: 'input',
  // Checks that JSON Schema cannot express are made by the command.
  errorMode: 'ignore',
};

/** The JSON Schema of a file of the catalogue, for editors; what it cannot say, `lint` says. */
export function entryJsonSchema(): JsonSchema {
  const { $schema, ...entry } = toJsonSchema(entrySchema, config);
  const { properties = {} } = entry;
  return {
    ...($schema !== undefined && { $schema }),
    title: 'An entry of the catalogue of providers',
    ...entry,
    properties: { ...properties, provider: providerJsonSchema() },
  };
}

function providerJsonSchema(): JsonSchema {
  const { $schema: _, oneOf = [] } = toJsonSchema(providerSchema, config);
  return { oneOf: oneOf.map((kind) => withTemplates(withoutTeamsOwn(kind))) };
}

/** Wherever a text has to have a form, a variable may stand for it, or for a part of it. */
function withTemplates<T>(schema: T): T;
function withTemplates(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withTemplates);
  if (typeof schema !== 'object' || schema === null) return schema;
  const isFormed =
    'type' in schema && schema.type === 'string' && ('pattern' in schema || 'format' in schema);
  if (isFormed) return { anyOf: [schema, template] };
  return Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, withTemplates(part)]),
  );
}

function withoutTeamsOwn(schema: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof schema === 'boolean') return schema;
  const properties = Object.entries(schema.properties ?? {});
  return {
    ...schema,
    properties: Object.fromEntries(properties.filter(([name]) => !saidElsewhere.includes(name))),
    required: (schema.required ?? []).filter((name) => !mayLack.includes(name)),
  };
}
