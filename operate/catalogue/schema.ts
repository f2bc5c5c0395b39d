import { writeFileSync } from 'node:fs';
import { entryJsonSchema } from '../../functions/src/providers/entry-json-schema.ts';
import { jsonOf } from './json.ts';

/** Where editors find it; entries refer to it by `$schema`. */
export const schemaFile = new URL('../../docs/api/catalogue-entry.schema.json', import.meta.url);

/** The JSON Schema of a file of the catalogue, as it is committed. */
export function schemaDocument(): string {
  return jsonOf(entryJsonSchema());
}

export function writeSchema(): void {
  writeFileSync(schemaFile, schemaDocument());
}
